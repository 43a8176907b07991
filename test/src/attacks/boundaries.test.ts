import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {
  boundariesAround,
  gapOf,
  leeway,
  lengthOf,
  rivalsByStrength,
  rowsOf,
} from '../../../src/attacks/boundaries.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {watchedSearch} from '../../support/searches.js';

/** Logits (0, 3 - 3 x_0 - 4 x_1, 1 - x_0) but for what is given. */
function threeClasses(
  kernel = [
    [0, -3, -1],
    [0, -4, 0],
  ],
  bias = [0, 3, 1],
) {
  return (x: tf.Tensor) =>
    tf.tidy(() => tf.add(tf.matMul(x as tf.Tensor2D, tf.tensor2d(kernel)), tf.tensor1d(bias)));
}

describe('boundariesAround', () => {
  it.each([
    // From (2, 2): gaps 14 - 3 = 11 with slope (3, 4), and 2 - 1 = 1 with slope (1, 0).
    ['l2', 11 / 5, 1],
    ['linf', 11 / 7, 1],
    ['l1', 11 / 4, 1],
  ] as const)('gives the distances of both hyperplanes in %s, the nearest first', async (norm, far, near) => {
    const search = watchedSearch(threeClasses(), tf.tensor2d([[2, 2]]), [0], {classes: 3, norm});
    const look = () => boundariesAround(search, search.x, [[1, 2]]);
    const {logits, boundaries, health} = await expectNoLeakAsync(look);
    expect([...logits[0]]).toEqual([0, -11, -1]);
    expect(boundaries[0].map(({distance}) => distance)).toEqual([near, far]);
    expect(boundaries[0].map(({gap}) => gap)).toEqual([1, 11]);
    expect([...boundaries[0][1].slope]).toEqual([3, 4]);
    expect(health).toEqual(['sound']);
  });

  it('leaves out what leads nowhere, and says what the slopes are like', async () => {
    // Class 1 does not depend on x, nor does class 0.
    const flat = threeClasses([
      [0, 0, -1],
      [0, 0, 0],
    ]);
    const search = watchedSearch(flat, tf.tensor2d([[2, 2]]), [0], {classes: 3});
    const both = await boundariesAround(search, search.x, [[1, 2]]);
    expect([both.boundaries[0].length, both.health[0]]).toEqual([1, 'sound']);
    const one = await boundariesAround(search, search.x, [[1]]);
    expect([one.boundaries[0].length, one.health[0]]).toEqual([0, 'zero']);
  });

  it.each([
    [NaN, 'nan'],
    [Infinity, 'infinite'],
  ] as const)('keeps a slope of %f out of the distances', async (slope, state) => {
    const net = (x: tf.Tensor) =>
      tf.customGrad((at, save) => {
        (save as (t: tf.Tensor[]) => void)([at as tf.Tensor]);
        // Of the second example alone.
        const gradFunc = (dy: tf.Tensor) =>
          tf.add(
            dy,
            tf.tensor2d([
              [0, 0],
              [slope, 0],
            ]),
          );
        return {value: tf.clone(at as tf.Tensor), gradFunc};
      })(x);
    const search = watchedSearch(
      net,
      tf.tensor2d([
        [2, 1],
        [2, 1],
      ]),
      [0, 0],
      {classes: 2},
    );
    const {boundaries, health} = await boundariesAround(search, search.x, [[1], [1]]);
    expect(boundaries.map(({length}) => length)).toEqual([1, 0]);
    expect(health).toEqual(['sound', state]);
  });

  it('leaves out a boundary whose gap is not finite', async () => {
    const net = threeClasses(undefined, [0, -Infinity, 1]);
    const search = watchedSearch(net, tf.tensor2d([[2, 2]]), [0], {classes: 3});
    const {boundaries} = await boundariesAround(search, search.x, [[1, 2]]);
    expect(boundaries[0].map(({gap}) => gap)).toEqual([1]);
  });
});

describe('lengthOf', () => {
  it('is the norm in double precision', () => {
    const vector = Float32Array.of(3, -4, 0);
    expect((['l1', 'l2', 'linf'] as const).map(norm => lengthOf(vector, norm))).toEqual([7, 5, 4]);
    // 3e-30 squared is 0 in float32.
    expect(lengthOf([3e-30, 4e-30], 'l2')).toBeCloseTo(5e-30, 40);
    expect((['l1', 'l2', 'linf'] as const).map(norm => lengthOf([NaN, 1], norm))).toEqual([NaN, NaN, NaN]);
    expect(lengthOf([1, NaN], 'linf')).toBeNaN();
    expect(lengthOf([Infinity, NaN], 'l1')).toBeNaN();
  });
});

describe('leeway', () => {
  it('goes with the largest logit, and is above 0 for logits of 0', () => {
    expect(leeway(Float32Array.of(1, -8))).toBe(8 * 2 ** -20);
    expect(leeway(Float32Array.of(0, 0))).toBe(1e-30);
  });
});

describe('gapOf', () => {
  it('is the lead of the label over the strongest other class', () => {
    expect(gapOf(Float32Array.of(1, 4, 2), 1)).toBe(2);
    expect(gapOf(Float32Array.of(1, 4, 2), 2)).toBe(-2);
    expect(gapOf(Float32Array.of(1, 1), 0)).toBe(0);
  });

  it('is NaN where any logit is, whatever the place', () => {
    for (const logits of [
      [NaN, 1, 2],
      [1, NaN, 2],
      [1, 2, NaN],
      [NaN, NaN, 1],
    ])
      expect(gapOf(Float32Array.from(logits), 2)).toBeNaN();
  });
});

describe('rivalsByStrength', () => {
  it('leaves the label out and puts the first of equals first', () => {
    expect(rivalsByStrength(Float32Array.of(1, 5, 3, 5, 9), 4)).toEqual([1, 3, 2, 0]);
  });
});

describe('rowsOf', () => {
  it('gives views', () => {
    const flat = Float32Array.of(1, 2, 3, 4);
    const rows = rowsOf(flat, 2);
    rows[1][0] = 9;
    expect([...flat]).toEqual([1, 2, 9, 4]);
  });
});
