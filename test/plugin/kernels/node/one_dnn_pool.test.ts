import * as tf from '@tensorflow/tfjs-core';
import {expect, it} from 'vitest';
import {canPool} from '../../../../plugin/kernels/node/one_dnn_pool.js';

// The pool and its gradient are tested through tfjs, in LargeMarginMaxPoolGrad.test.ts.
const attrs = (pad: unknown) => ({filterSize: 2, strides: 2, pad}) as unknown as tf.NamedAttrMap;

it('pools finite float32 pictures, padded as TensorFlow pads', () => {
  const x = tf.ones<tf.Rank.R4>([1, 4, 4, 1]);
  expect(canPool(x, attrs('same'))).toBe(true);
  expect(canPool(x, attrs('valid'))).toBe(true);
  expect(
    canPool(
      x,
      attrs([
        [0, 0],
        [1, 0],
        [1, 0],
        [0, 0],
      ]),
    ),
  ).toBe(false);
  expect(canPool(tf.cast(x, 'int32'), attrs('same'))).toBe(false);
  expect(canPool(tf.fill([1, 4, 4, 1], NaN), attrs('same'))).toBe(false);
  expect(canPool(tf.zeros([0, 4, 4, 1]), attrs('same'))).toBe(false);
});
