import {ascending, quantile} from './quantiles.js';

/** How far linear estimates of distances can be believed; shares are of `examples`. */
export interface MarginComparison {
  /** Number of examples whose distances could be compared. */
  examples: number;
  /** Quantiles of true / estimated distance, the class that never changes at Infinity; NaN where there are none. */
  ratio: {q5: number; q25: number; median: number; q75: number; q95: number};
  /** Share with a ratio in [0.9, 1.1]. */
  within10Percent: number;
  /** Share with a ratio in [1/2, 2]. */
  withinFactor2: number;
  /** Share whose class did not change as far as was looked. */
  unreached: number;
  /** Number of examples that could not be compared: a NaN or an Infinity among estimates or logits. */
  nonFinite: number;
}

/**
 * Compares linear estimates with true distances, example by example.
 *
 * @param found What `trueDistances` found: Infinity where the class did not change, NaN where nothing can be said.
 */
export function compareDistances(estimates: ArrayLike<number>, found: ArrayLike<number>): MarginComparison {
  const pairs = Array.from(estimates, (estimate, i) => ({estimate, distance: found[i]}));
  const sound = pairs.filter(({estimate, distance}) => Number.isFinite(estimate) && !Number.isNaN(distance));
  // On the boundary both are 0 and agree.
  const ratios = ascending(sound.map(({estimate, distance}) => (estimate === 0 ? 1 : distance / estimate)));
  const share = (holds: (ratio: number) => boolean) => ratios.filter(holds).length / ratios.length;
  const [q5, q25, median, q75, q95] = [0.05, 0.25, 0.5, 0.75, 0.95].map(at => quantile(ratios, at));
  return {
    examples: ratios.length,
    ratio: {q5, q25, median, q75, q95},
    within10Percent: share(ratio => ratio >= 0.9 && ratio <= 1.1),
    withinFactor2: share(ratio => ratio >= 0.5 && ratio <= 2),
    unreached: share(ratio => ratio === Infinity),
    nonFinite: pairs.length - sound.length,
  };
}
