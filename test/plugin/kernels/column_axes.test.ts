import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {areAllButLast} from '../../../plugin/kernels/column_axes.js';

describe('sums over columns', () => {
  const x = tf.ones([2, 3, 4]);

  it('are those over all axes but the last, in any order and counted from either end', () => {
    for (const axes of [
      [0, 1],
      [1, 0],
      [-3, -2],
      [0, -2],
    ])
      expect(areAllButLast(x, axes)).toBe(true);
    for (const axes of [[0], 0, [1, 2], [0, 1, 2], null]) expect(areAllButLast(x, axes)).toBe(false);
  });

  it('are those of float32 values, where there are any', () => {
    expect(areAllButLast(tf.ones([2, 3], 'int32'), 0)).toBe(false);
    expect(areAllButLast(tf.ones([0, 3]), 0)).toBe(false);
    expect(areAllButLast(tf.ones([3]), [])).toBe(false);
  });
});
