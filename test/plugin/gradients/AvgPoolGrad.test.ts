import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import '../../../plugin/gradients/index.js';
import {avgPoolGradGradConfig} from '../../../plugin/gradients/AvgPoolGrad.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';
import {kernelSlopes, secondSlopes} from '../../support/kernel_slopes.js';
import {randomTensor} from '../../support/randoms.js';

type Pool = [[number, number], number | [number, number], number | [number, number], 'valid' | 'same'];
// Height and width, window, stride, padding. 'same' is right on the native engine; cpu's AvgPoolGrad has it wrong.
const pools: Pool[] = [
  [[4, 4], 2, 2, 'valid'],
  [[5, 7], 2, 2, 'valid'],
  [[7, 5], 3, 2, 'valid'],
  [[5, 5], 3, 1, 'valid'],
  [[6, 5], [3, 2], [1, 2], 'valid'],
  [[5, 5], 2, 3, 'valid'],
  [[5, 5], 3, 2, 'same'],
  [[6, 6], 3, 2, 'same'],
];

describe('the gradient of AvgPoolGrad', () => {
  it('is the one that is registered', () => {
    expect(tf.getGradient(tf.AvgPoolGrad)).toBe(avgPoolGradGradConfig);
  });

  it.each(pools)(
    'agrees with finite differences for dy: picture %s, window %s, stride %s, %s',
    (size, k, s, pad) => {
      const input = randomTensor<tf.Tensor4D>([2, ...size, 3], 1);
      const pooled = tf.avgPool(input, k, s, pad);
      const dy = randomTensor(pooled.shape, 2);
      const attrs = {filterSize: k, strides: s, pad};
      // AvgPoolGrad is linear in dy: any step is small.
      const {claimed, measured} = kernelSlopes(tf.AvgPoolGrad, {dy, input}, attrs, 'dy', 4);
      expectClose([claimed], [measured], 2e-5);
      tf.dispose([input, pooled, dy]);
    },
  );

  it.each(pools)(
    'makes a second derivative right: picture %s, window %s, stride %s, %s',
    (size, k, s, pad) => {
      const x = randomTensor<tf.Tensor4D>([2, ...size, 2], 3);
      const f = (x: tf.Tensor) => tf.square(tf.avgPool(tf.square(x) as tf.Tensor4D, k, s, pad));
      const {claimed, measured} = secondSlopes(f, x);
      expectClose([claimed], [measured], 2e-4);
      x.dispose();
    },
  );

  it('leaves no tensor behind', () => {
    const [dy, input] = [randomTensor([1, 2, 2, 1], 1), randomTensor([1, 4, 4, 1], 2)];
    const attrs = {filterSize: 2, strides: 2, pad: 'valid'};
    const run = (dy: tf.Tensor, input: tf.Tensor) =>
      tf.engine().runKernel(tf.AvgPoolGrad, {dy, input}, attrs) as tf.Tensor;
    tf.dispose(expectNoLeak(() => tf.grads(run)([dy, input])));
    tf.dispose([dy, input]);
  });
});
