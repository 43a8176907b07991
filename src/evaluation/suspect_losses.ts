/**
 * Measures the cross-entropy of each example in double precision, so that even the losses of a net that is sure of all of
 * them differ and can be ranked.
 *
 *     log sum_i exp(z_i - z_y) = log(1 + sum_{i != y} exp(z_i - z_y))
 *
 * @param logits [examples x classes].
 * @param labels Class indices.
 * @returns One loss for each example; NaN where a logit is not finite.
 */
export function logitLosses(logits: ArrayLike<number>, labels: ArrayLike<number>): Float64Array {
  const classes = logits.length / labels.length;
  return Float64Array.from(labels, (label, example) => {
    const gaps = Array.from(
      {length: classes},
      (_, c) => logits[example * classes + c] - logits[example * classes + label],
    );
    const largest = Math.max(...gaps);
    // Infinity among the logits is a broken net, not a sure one.
    if (!gaps.every(Number.isFinite)) return NaN;
    if (largest > 0) return largest + Math.log(gaps.reduce((sum, gap) => sum + Math.exp(gap - largest), 0));
    return Math.log1p(gaps.reduce((sum, gap, c) => (c === label ? sum : sum + Math.exp(gap)), 0));
  });
}
