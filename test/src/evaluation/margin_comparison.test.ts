import {describe, expect, it} from 'vitest';
import {compareDistances} from '../../../src/evaluation/margin_comparison.js';

describe('compareDistances', () => {
  it('gives the median of true / linear distance and how many are near', () => {
    // Ratios 1, 1.05, 2, 4 and one that is never reached; the signs cancel.
    const estimates = [1, -2, 1, 1, 3];
    const found = [1, -2.1, 2, 4, Infinity];
    expect(compareDistances(estimates, found)).toEqual({
      examples: 5,
      ratio: {q5: expect.closeTo(1.01, 12), q25: 1.05, median: 2, q75: 4, q95: Infinity},
      within10Percent: 2 / 5,
      withinFactor2: 3 / 5,
      unreached: 1 / 5,
      nonFinite: 0,
    });
  });

  it('counts a misclassified example that never becomes right as unreached', () => {
    expect(compareDistances([-1], [-Infinity])).toMatchObject({unreached: 1, ratio: {median: Infinity}});
  });

  it('leaves out what is not finite, and counts it', () => {
    const {examples, nonFinite, ratio} = compareDistances([NaN, Infinity, 1, 0], [NaN, NaN, NaN, 0]);
    expect([examples, nonFinite]).toEqual([1, 3]);
    expect(ratio.median).toBe(1); // on the boundary both are 0
  });

  it('says NaN where there is nothing to compare', () => {
    const {examples, ratio, within10Percent} = compareDistances([NaN], [NaN]);
    expect([examples, ratio.median, within10Percent]).toEqual([0, NaN, NaN]);
  });
});
