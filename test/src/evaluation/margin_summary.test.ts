import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {PERCENTS, summarizeMargins} from '../../../src/evaluation/margin_summary.js';

const sound = (distances: number[]) => distances.map(() => 1);
const OPTIONS = {epsilon: 1e-6, bins: 4, clip: 4};

describe('summarizeMargins', () => {
  it('gives shares of all examples and quantiles of those with finite distances', () => {
    const distances = [-7, -1, 0, 1, 2, 3, NaN, Infinity];
    const summary = summarizeMargins(distances, sound(distances), {...OPTIONS, gamma: 2});
    expect(summary.quantiles[50]).toBe(0.5); // between 0 and 1
    expect(summary.wrong).toBe(3 / 8); // -7, -1 and the one on the boundary
    expect(summary.nonFinite).toBe(2);
    expect(summary.reached).toBe(2 / 8); // 2 and 3 have no penalty
    // Penalty min(2 - d, 4 x 2): cut off from d = -6 on.
    expect(summary.clipped).toBe(1 / 8);
    const {counts, below, above} = summary.histogram;
    expect(counts.reduce((a, b) => a + b) + below + above).toBe(6);
  });

  it('leaves half a percent at either end out of the histogram, and no example of fewer than 200', () => {
    const ofSize = (size: number) => {
      const distances = Array.from({length: size}, (_, i) => i - 3);
      return summarizeMargins(distances, sound(distances), OPTIONS).histogram;
    };
    expect(ofSize(199)).toMatchObject({below: 0, above: 0});
    expect(ofSize(401)).toMatchObject({below: 2, above: 2});
  });

  it('says nothing of gamma where there is none, and clips nothing without a cap', () => {
    const plain = summarizeMargins([1, 2], [1, 1], OPTIONS);
    expect('reached' in plain || 'clipped' in plain).toBe(false);
    expect(summarizeMargins([-1e9], [1], {...OPTIONS, gamma: 1, clip: null}).clipped).toBe(0);
  });

  it('calls flat what is divided by less than 10 epsilon', () => {
    const {flat} = summarizeMargins([1, 1, 1, 1], [9e-6, 1e-6, 1.1e-5, 3], OPTIONS);
    expect(flat).toBe(1 / 2);
  });

  it('never hides that nothing is finite', () => {
    const {quantiles, histogram, nonFinite, wrong} = summarizeMargins([NaN, NaN], [NaN, NaN], OPTIONS);
    expect(PERCENTS.every(percent => Number.isNaN(quantiles[percent]))).toBe(true);
    expect(histogram.counts).toEqual([0, 0, 0, 0]);
    expect([nonFinite, wrong]).toEqual([2, 0]);
  });

  it('stretches with the distances', () => {
    const distances = fc.array(fc.integer({min: -1e6, max: 1e6}), {minLength: 1, maxLength: 40});
    fc.assert(
      fc.property(distances, values => {
        // A power of two: nothing is rounded.
        const [one, four] = [1, 4].map(c =>
          summarizeMargins(
            values.map(v => v * c),
            sound(values),
            {...OPTIONS, gamma: c},
          ),
        );
        for (const percent of PERCENTS) expect(four.quantiles[percent]).toBe(4 * one.quantiles[percent]);
        expect([four.wrong, four.reached, four.clipped]).toEqual([one.wrong, one.reached, one.clipped]);
      }),
    );
  });
});
