/** What a random search can go by: logits alone, no gradient. */
export type SquareLoss = 'logitMargin' | 'crossEntropy';

/**
 * Measures how near an example's class is to being what is wanted: larger is better for the attack.
 *
 *     logitMargin    max_{i != y} z_i - z_y
 *     crossEntropy   log sum_{i != y} exp(z_i) - z_y, which rises exactly where the cross-entropy log(1 + exp(.)) does
 *                    and keeps its digits where that is 0
 *
 * @param logits Of one example.
 * @param label Its class, or the target.
 * @param targeted The label is to be reached: the same with the opposite sign.
 * @returns NaN where a logit is not finite.
 */
export function scoreOf(loss: SquareLoss, logits: Float32Array, label: number, targeted: boolean): number {
  if (!logits.every(Number.isFinite)) return NaN;
  const rivals = logits.filter((_, i) => i !== label);
  const largest = rivals.reduce((most, value) => Math.max(most, value), -Infinity);
  let score = largest - logits[label];
  if (loss === 'crossEntropy')
    score += Math.log(rivals.reduce((total, value) => total + Math.exp(value - largest), 0));
  return targeted ? -score : score;
}
