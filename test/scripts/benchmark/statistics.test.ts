import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {median, quantile, relativeDifference, summarize} from '../../../scripts/benchmark/statistics.mjs';

const times = fc.array(fc.double({min: 0, max: 1e6, noNaN: true}), {minLength: 1, maxLength: 50});

describe('median', () => {
  it('is the middle value, and the mean of the two middle ones', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([1, 2, 4, 100])).toBe(3);
    expect(median([7])).toBe(7);
  });

  it('is not a number for nothing, so that no ratio is made of it', () => {
    expect(median([])).toBeNaN();
  });

  it('leaves as many values below as above and the list as it was', () => {
    fc.assert(
      fc.property(times, list => {
        const before = [...list];
        const middle = median(list);
        expect(list).toEqual(before);
        const below = list.filter(value => value < middle).length;
        const above = list.filter(value => value > middle).length;
        expect(Math.max(below, above)).toBeLessThanOrEqual(list.length / 2);
      }),
    );
  });
});

describe('quantile', () => {
  it('is linear between neighbours', () => {
    // 0.25 of the way through four gaps is the second of five values; of three gaps, 0.75 past the first.
    expect(quantile([10, 20, 30, 40, 50], 0.25)).toBe(20);
    expect(quantile([10, 20, 30, 40], 0.25)).toBe(17.5);
  });

  it('sorts numbers as numbers', () => {
    expect(quantile([100, 9, 20], 1)).toBe(100);
  });
});

describe('summarize', () => {
  it('gives median, quartiles and count', () => {
    expect(summarize([40, 10, 20, 30, 50])).toEqual({ms: 30, low: 20, high: 40, steps: 5});
  });
});

describe('relativeDifference', () => {
  it('is over the larger magnitude and the same both ways', () => {
    expect(relativeDifference(8, 10)).toBeCloseTo(0.2, 12);
    expect(relativeDifference(-10, 8)).toBeCloseTo(1.8, 12);
    expect(relativeDifference(0, 0)).toBe(0);
  });

  it('takes NaN and Infinity for as different as can be', () => {
    for (const broken of [NaN, Infinity, -Infinity, undefined]) {
      expect(relativeDifference(broken as number, 1)).toBe(Infinity);
      expect(relativeDifference(broken as number, broken as number)).toBe(Infinity);
    }
  });
});
