import {expect} from 'vitest';

/**
 * The largest difference over the largest expected value (or the floor, where that is larger). NaN and Infinity never
 * match anything, themselves included, and neither do different lengths.
 */
export function worstError(actual: ArrayLike<number>, expected: ArrayLike<number>, floor = 1e-12): number {
  if (actual.length !== expected.length) return Infinity;
  let scale = floor;
  let worst = 0;
  for (let i = 0; i < actual.length; i++) {
    if (!Number.isFinite(actual[i]) || !Number.isFinite(expected[i])) return Infinity;
    scale = Math.max(scale, Math.abs(expected[i]));
    worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
  }
  return worst / scale;
}

/** The largest error of a single value, relative to that value or, where it is smaller, to the floor. */
export function worstRelative(actual: ArrayLike<number>, expected: ArrayLike<number>, floor: number): number {
  if (actual.length !== expected.length) return Infinity;
  return Math.max(...Array.from(expected, (e, i) => worstError([actual[i]], [e], floor)));
}

/** Expects a worst error of at most the bound, and says what it was. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  bound: number,
  floor?: number,
): void {
  const error = worstError(actual, expected, floor);
  const show = (values: ArrayLike<number>) => Array.from(values).slice(0, 8).join(', ');
  expect(error, `error ${error}; got ${show(actual)}; expected ${show(expected)}`).toBeLessThanOrEqual(bound);
}
