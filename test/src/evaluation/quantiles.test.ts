import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ascending, fiveNumbers, histogram, quantile} from '../../../src/evaluation/quantiles.js';

const numbers = fc.array(fc.double({noNaN: true, min: -1e6, max: 1e6}), {minLength: 1, maxLength: 60});

describe('quantile', () => {
  it('lies on straight lines between the sorted values', () => {
    // Of 1, 2, 4, 8 the shares 0, 1/3, 2/3, 1 are the values; 1/2 is halfway from the second to the third.
    const values = ascending([8, 1, 4, 2]);
    expect([0, 1 / 2, 1].map(share => quantile(values, share))).toEqual([1, 3, 8]);
    expect(quantile(values, 0.25)).toBe(1.75); // place 0.75: 1 + 0.75 x (2 - 1)
    expect(quantile([7], 0.3)).toBe(7);
    expect(quantile([], 0.5)).toBeNaN();
  });

  it('takes Infinity for a value, and makes no NaN of it', () => {
    const values = [1, 2, Infinity, Infinity];
    expect([0, 1 / 3, 0.5, 1].map(share => quantile(values, share))).toEqual([1, 2, Infinity, Infinity]);
    expect(quantile([-Infinity, -Infinity], 0.5)).toBe(-Infinity);
  });

  it('agrees with counting: at most a share lies below it, and at most the rest above', () => {
    fc.assert(
      fc.property(numbers, fc.double({noNaN: true, min: 0, max: 1}), (values, share) => {
        const value = quantile(ascending(values), share);
        const [below, above] = [values.filter(v => v < value), values.filter(v => v > value)];
        expect(below.length).toBeLessThanOrEqual(Math.floor(share * (values.length - 1)) + 1);
        expect(above.length).toBeLessThanOrEqual(values.length - 1 - Math.floor(share * (values.length - 1)));
        expect(value).toBeGreaterThanOrEqual(Math.min(...values));
        expect(value).toBeLessThanOrEqual(Math.max(...values));
      }),
    );
  });
});

describe('fiveNumbers', () => {
  it('gives quartiles, and as fences the outermost values within 1.5 times their difference', () => {
    // q1 = 2, q3 = 4, so that values in [-1, 7] are within: 100 is not, 5 is.
    expect(fiveNumbers([1, 2, 3, 4, 100])).toEqual({lowerFence: 1, q1: 2, median: 3, q3: 4, upperFence: 4});
    expect(fiveNumbers([3])).toEqual({lowerFence: 3, q1: 3, median: 3, q3: 3, upperFence: 3});
    expect(Object.values(fiveNumbers([])).every(Number.isNaN)).toBe(true);
  });

  it('is in order, whatever the values', () => {
    fc.assert(
      fc.property(numbers, values => {
        const {lowerFence, q1, median, q3, upperFence} = fiveNumbers(ascending(values));
        const list = [q1, median, q3];
        expect(list).toEqual([...list].sort((a, b) => a - b));
        expect(values).toContain(lowerFence);
        expect(values).toContain(upperFence);
        expect(lowerFence).toBeLessThanOrEqual(upperFence);
      }),
    );
  });
});

describe('histogram', () => {
  it('counts in bins of equal width, the last with its right edge, and says how many lie outside', () => {
    expect(histogram([-1, 0, 0.5, 1, 1.5, 2, 3], 2, 0, 2)).toEqual({
      edges: [0, 1, 2],
      counts: [2, 3],
      below: 1,
      above: 1,
    });
  });

  it('shows values that are all the same', () => {
    const {edges, counts, below, above} = histogram([5, 5, 5], 3, 5, 5);
    expect(counts).toEqual([0, 3, 0]);
    expect([edges[0], edges[3], below, above]).toEqual([2.5, 7.5, 0, 0]);
    expect(histogram([0, 0], 1, 0, 0).counts).toEqual([2]);
  });

  it('loses no value, and puts each where the edges say', () => {
    fc.assert(
      fc.property(numbers, fc.integer({min: 1, max: 12}), (values, bins) => {
        const sorted = ascending(values);
        const [low, high] = [quantile(sorted, 0.1), quantile(sorted, 0.9)];
        const {edges, counts, below, above} = histogram(values, bins, low, high);
        expect(counts.reduce((a, b) => a + b) + below + above).toBe(values.length);
        const last = bins - 1;
        const inBin = (v: number, i: number) =>
          v >= edges[i] && (i === last ? v <= edges[i + 1] : v < edges[i + 1]);
        expect(counts).toEqual(counts.map((_, i) => values.filter(v => inBin(v, i)).length));
      }),
    );
  });
});
