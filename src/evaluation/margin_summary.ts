import {ascending, histogram, quantile, type Histogram} from './quantiles.js';

/** The percentages of examples whose quantiles are given. */
export const PERCENTS = [1, 5, 25, 50, 75, 95, 99] as const;

/** A histogram leaves out at most this share of the examples at either end: linear estimates have long tails. */
const TAIL = 0.005;

/** A denominator below so many epsilons is no gradient norm any more. */
const FLAT = 10;

/** What the distances of a set of examples are like at one layer; shares are of all examples. */
export interface MarginSummary {
  /** By percentage: the distance that so many of the examples with finite distances do not exceed; NaN where none is finite. */
  quantiles: Record<(typeof PERCENTS)[number], number>;
  histogram: Histogram;
  /** Share with a distance <= 0: on the wrong side, or on the boundary. */
  wrong: number;
  /** Share whose denominator (gradient norm + epsilon) is below 10 epsilon: there epsilon decides the distance. */
  flat: number;
  /** Number of examples whose distance is NaN or Infinity: they count in no quantile, in no bin and as not wrong. */
  nonFinite: number;
  /** Share with a distance >= gamma, whose penalty is 0; undefined where there is no gamma. */
  reached?: number;
  /** Share with a distance <= gamma (1 - clip), whose penalty is cut off, so that nothing pulls; undefined likewise. */
  clipped?: number;
}

/** What distances are summarized by. */
export interface SummaryOptions {
  epsilon: number;
  /** Number of bins of the histogram. */
  bins: number;
  /** Distance wanted, where one is. */
  gamma?: number;
  /** Cap of the penalty in units of gamma; null: none. */
  clip: number | null;
}

/**
 * Describes the signed distances of all examples at one layer.
 *
 * @param distances One for each example.
 * @param denominators What each gap was divided by: gradient norm + epsilon.
 */
export function summarizeMargins(
  distances: ArrayLike<number>,
  denominators: ArrayLike<number>,
  {epsilon, bins, gamma, clip}: SummaryOptions,
): MarginSummary {
  const all = Array.from(distances);
  const finite = ascending(all.filter(Number.isFinite));
  const shareOf = (count: number) => count / all.length;
  const share = (holds: (distance: number) => boolean) => shareOf(finite.filter(holds).length);
  const at = (percent: number) => [percent, quantile(finite, percent / 100)];
  const left = Math.floor(TAIL * finite.length);
  const [low = 0, high = 0] = [finite[left], finite[finite.length - 1 - left]];
  const ofGamma = gamma !== undefined && {
    reached: share(distance => distance >= gamma),
    clipped: clip === null ? 0 : share(distance => distance <= gamma * (1 - clip)),
  };
  return {
    quantiles: Object.fromEntries(PERCENTS.map(at)) as MarginSummary['quantiles'],
    histogram: histogram(finite, bins, low, high),
    wrong: share(distance => distance <= 0),
    flat: shareOf(Array.from(denominators).filter(value => value < FLAT * epsilon).length),
    nonFinite: all.length - finite.length,
    ...ofGamma,
  };
}
