import * as tf from '@tensorflow/tfjs-core';
import {expect, it} from 'vitest';
import {meanSlope} from '../../../plugin/kernels/mean_slope.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';

it('spreads dy over the values of each mean, divided by their number', () => {
  const x = tf.zeros([2, 3, 2]);
  const slopeOf = (dy: tf.Tensor, axis: number | number[]) => {
    const slope = expectNoLeak(() => tf.tidy(() => meanSlope(dy, x, {axis} as unknown as tf.NamedAttrMap)));
    expect(slope.shape).toEqual(x.shape);
    return Array.from(slope.dataSync());
  };
  // Means of 6 numbers: 6 / 6 and 12 / 6.
  expect(slopeOf(tf.tensor1d([6, 12]), [0, 1])).toEqual([1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2]);
  // Of 2 numbers, the first axis kept.
  const along = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6];
  expect(slopeOf(tf.tensor3d([2, 4, 6, 8, 10, 12], [2, 3, 1]), -1)).toEqual(along);
  expect(slopeOf(tf.scalar(24), [0, 1, 2])).toEqual(Array(12).fill(2));
});
