import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {difference} from '../../../plugin/kernels/compare.js';

const compare = (stock: number[], ours: number[], tolerance = 1e-5) =>
  difference([tf.tensor1d(stock)], [tf.tensor1d(ours)], tolerance);

describe('the comparison', () => {
  it('allows rounding relative to the largest value, 1e-5 of 100 here', () => {
    expect(compare([100, 0], [100.0009, -0.0009])).toBeNull();
    expect(compare([100, 0], [100, 0.002])).toMatch(/^0.002\d* instead of 0$/);
  });

  it('wants NaN and infinities in the same places', () => {
    expect(compare([NaN, Infinity, -Infinity, 1], [NaN, Infinity, -Infinity, 1])).toBeNull();
    expect(compare([NaN, 1], [0, 1])).toBe('0 instead of NaN');
    expect(compare([0, 1], [NaN, 1])).toBe('NaN instead of 0');
    expect(compare([Infinity, 1], [-Infinity, 1])).toBe('-Infinity instead of Infinity');
    expect(compare([Infinity, 1], [3e38, 1])).toMatch(/e\+38 instead of Infinity$/);
  });

  it('wants the same number of results, of the same shapes', () => {
    tf.tidy(() => {
      const x = tf.tensor2d([1, 2], [1, 2]);
      expect(difference([x], [], 1)).toBe('0 results instead of 1');
      expect(difference([x], [tf.reshape(x, [2])], 1)).toBe('the shape [2] instead of [1,2]');
    });
  });
});
