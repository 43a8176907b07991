import * as tf from '@tensorflow/tfjs-core';
import {expect, it} from 'vitest';
import {allFinite} from '../../../../plugin/kernels/node/all_finite.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';

const shapes = [[], [5], [3, 4], [2, 3, 4], [2, 3, 2, 5], [2, 1, 2, 2, 3], [4, 1], [0, 3]];

it.each(shapes.map(shape => [shape]))('finds one odd value at any place, shape %s', shape => {
  const values = new Float32Array(tf.util.sizeFromShape(shape)).map((_, i) => i - 2);
  const found = (numbers: Float32Array) => {
    const x = tf.tensor(numbers, shape);
    return expectNoLeak(() => allFinite(x));
  };
  expect(found(values)).toBe(true);
  for (let i = 0; i < values.length; i++) {
    for (const odd of [NaN, Infinity, -Infinity])
      expect(found(values.map((x, j) => (j === i ? odd : x)))).toBe(false);
  }
});

it('does not let infinities of both signs cancel', () => {
  expect(allFinite(tf.tensor2d([Infinity, -Infinity], [2, 1]))).toBe(false);
});
