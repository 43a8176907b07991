import {expect} from 'vitest';
import {worstError} from './worst_error.js';

export {worstError};

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
