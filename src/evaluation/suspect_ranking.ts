import {check} from '../checks.js';

/** Examples from the most suspect on. */
export interface SuspectRanking {
  /** Places of the examples, the most suspect first; of equal ones the earlier place comes first. */
  places: number[];
  /** What they are ranked by, in the same order: the smaller, the more suspect. */
  values: number[];
  /** Places of the examples whose value is NaN or Infinity: nothing can be said of them, and they are in no ranking. */
  nonFinite: number[];
}

/** How many of the most suspect examples are rightly suspected. */
export interface SuspectPrecision {
  /** The number of most suspect examples that were looked at. */
  k: number;
  /** How many of them carry a planted label. */
  caught: number;
  /** caught / k. */
  precision: number;
}

/**
 * Ranks examples by a value that is small where a label is suspect.
 *
 * @param values One for each example.
 */
export function rankSuspects(values: ArrayLike<number>): SuspectRanking {
  const all = Array.from(values);
  const places = [...all.keys()].filter(place => Number.isFinite(all[place]));
  places.sort((a, b) => all[a] - all[b] || a - b);
  const nonFinite = [...all.keys()].filter(place => !Number.isFinite(all[place]));
  return {places, values: places.map(place => all[place]), nonFinite};
}

/**
 * Counts how many of the first k of a ranking are planted. With k the number that was planted, precision and recall are
 * the same number, and what a random ranking would reach is the share that was planted.
 *
 * @param places A ranking, the most suspect first.
 * @param planted Whether each example's label was planted.
 * @param k In 1..examples; by default the number planted. Examples that are in no ranking count as not caught.
 * @throws ArgumentError where nothing was planted, and for a k out of range.
 */
export function precisionAt(
  places: ArrayLike<number>,
  planted: ArrayLike<boolean | number>,
  k?: number,
): SuspectPrecision {
  const caller = 'precisionAt';
  const flags = Array.from(planted, Boolean);
  const total = flags.filter(Boolean).length;
  check(total > 0, caller, 'planted', 'to mark at least one example', 'none');
  const count = k ?? total;
  const isCount = Number.isInteger(count) && count >= 1 && count <= flags.length;
  check(isCount, caller, 'k', `to be an integer in 1..${flags.length} (examples)`, count);
  const first = Array.from(places).slice(0, count);
  const caught = first.filter(place => flags[place]).length;
  return {k: count, caught, precision: caught / count};
}
