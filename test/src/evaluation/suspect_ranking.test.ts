import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {precisionAt, rankSuspects} from '../../../src/evaluation/suspect_ranking.js';
import {expectRefusal} from '../../support/expect_no_leak.js';

describe('rankSuspects', () => {
  it('puts the smallest first, of equal ones the earlier, and what is not finite apart', () => {
    expect(rankSuspects([2, -1, NaN, -1, Infinity, 0])).toEqual({
      places: [1, 3, 5, 0],
      values: [-1, -1, 0, 2],
      nonFinite: [2, 4],
    });
  });

  it('ranks or sets apart every example once', () => {
    fc.assert(
      fc.property(fc.array(fc.double(), {maxLength: 30}), values => {
        const {places, nonFinite} = rankSuspects(values);
        expect([...places, ...nonFinite].sort((a, b) => a - b)).toEqual([...values.keys()]);
      }),
    );
  });
});

describe('precisionAt', () => {
  const planted = [true, false, true, false, false];

  it('counts the planted among the first, by default among as many as are planted', () => {
    expect(precisionAt([2, 1, 0, 3, 4], planted)).toEqual({k: 2, caught: 1, precision: 0.5});
    expect(precisionAt([2, 1, 0, 3, 4], planted, 3)).toEqual({k: 3, caught: 2, precision: 2 / 3});
    expect(precisionAt(Int32Array.of(2, 0), [1, 0, 1], 3)).toEqual({k: 3, caught: 2, precision: 2 / 3});
  });

  it('refuses to count where nothing is planted, and more than there are', async () => {
    await expectRefusal(() => precisionAt([0, 1], [false, false]), 'planted', 'at least one');
    for (const k of [0, 6, 1.5]) await expectRefusal(() => precisionAt([0], planted, k), 'k', '1..5');
  });
});
