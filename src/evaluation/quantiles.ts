/** How many values lie where: counts[i] of them in [edges[i], edges[i + 1]), the last bin with its right edge. */
export interface Histogram {
  edges: number[];
  counts: number[];
  /** Values left of the first edge and right of the last. */
  below: number;
  above: number;
}

/** Five numbers that describe a distribution, as a box plot draws them (McGill, Tukey and Larsen 1978). */
export interface FiveNumbers {
  /** The smallest value >= q1 - 1.5 (q3 - q1). */
  lowerFence: number;
  q1: number;
  median: number;
  q3: number;
  /** The largest value <= q3 + 1.5 (q3 - q1). */
  upperFence: number;
}

/** The values in ascending order, as a copy. */
export function ascending(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values).sort();
}

/**
 * Gives the value that a share of the values does not exceed, on straight lines between neighbours: of n values the
 * k-th smallest (k = 0, 1, ...) stands at the share k / (n - 1).
 *
 * @param sorted Ascending; Infinity is a value as any other.
 * @param share In [0, 1].
 * @returns NaN of no values.
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return NaN;
  const place = share * (sorted.length - 1);
  const left = Math.floor(place);
  const [low, high] = [sorted[left], sorted[Math.min(left + 1, sorted.length - 1)]];
  // Infinity - Infinity and 0 x Infinity are NaN.
  return low === high || place === left ? low : low + (place - left) * (high - low);
}

/** The quartiles and fences of finite values in ascending order; NaN of none. */
export function fiveNumbers(sorted: ArrayLike<number>): FiveNumbers {
  const [q1, median, q3] = [0.25, 0.5, 0.75].map(share => quantile(sorted, share));
  const reach = 1.5 * (q3 - q1);
  const within = Array.from(sorted).filter(value => value >= q1 - reach && value <= q3 + reach);
  const [lowerFence = NaN, upperFence = NaN] =
    within.length > 0 ? [within[0], within[within.length - 1]] : [];
  return {lowerFence, q1, median, q3, upperFence};
}

/**
 * Counts finite values in bins of equal width between two values.
 *
 * @param bins Number of bins, >= 1.
 */
export function histogram(values: ArrayLike<number>, bins: number, low: number, high: number): Histogram {
  // One value alone has no width: any that it can be seen in will do.
  const spare = high > low ? 0 : Math.max(Math.abs(low) / 2, 0.5);
  const [from, to] = [low - spare, high + spare];
  const edges = Array.from({length: bins + 1}, (_, i) => (i === bins ? to : from + ((to - from) * i) / bins));
  const counts = new Array<number>(bins).fill(0);
  let [below, above] = [0, 0];
  for (const value of Array.from(values)) {
    if (value < from) below++;
    else if (value > to) above++;
    else counts[binOf(value, edges)]++;
  }
  return {edges, counts, below, above};
}

/** The bin of a value between the first edge and the last; what rounding makes of the division is put right. */
function binOf(value: number, edges: number[]): number {
  const last = edges.length - 2;
  const width = edges[last + 1] - edges[0];
  let bin = Math.min(Math.floor(((value - edges[0]) / width) * (last + 1)), last);
  while (bin > 0 && value < edges[bin]) bin--;
  while (bin < last && value >= edges[bin + 1]) bin++;
  return bin;
}
