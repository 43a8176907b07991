import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import '../../../plugin/gradients/index.js';
import {avgPool3DGradGradConfig} from '../../../plugin/gradients/AvgPool3DGrad.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';
import {kernelSlopes, secondSlopes} from '../../support/kernel_slopes.js';
import {randomTensor} from '../../support/randoms.js';

type Triple = [number, number, number];
// Depth, height and width, window, stride, padding.
const pools: Array<[Triple, number | Triple, number | Triple, 'valid' | 'same']> = [
  [[4, 3, 5], 2, 2, 'valid'],
  [[4, 3, 5], 2, 2, 'same'],
  [[5, 5, 4], [3, 2, 1], 1, 'valid'],
  [[4, 5, 6], 3, [2, 1, 2], 'same'],
];

describe('the gradient of AvgPool3DGrad', () => {
  it('is the one that is registered', () => {
    expect(tf.getGradient(tf.AvgPool3DGrad)).toBe(avgPool3DGradGradConfig);
  });

  it.each(pools)('agrees with finite differences: volume %s, window %s, stride %s, %s', (size, k, s, pad) => {
    const input = randomTensor<tf.Tensor5D>([2, ...size, 2], 1);
    const dy = tf.tidy(() => randomTensor(tf.avgPool3d(input, k, s, pad).shape, 2));
    const attrs = {filterSize: k, strides: s, pad} as never;
    // Linear in dy: any step is small.
    const {claimed, measured} = kernelSlopes(tf.AvgPool3DGrad, {dy, input}, attrs, 'dy', 4);
    expectClose([claimed], [measured], 2e-5);
    const f = (x: tf.Tensor) => tf.square(tf.avgPool3d(tf.square(x) as tf.Tensor5D, k, s, pad));
    const second = secondSlopes(f, input);
    expectClose([second.claimed], [second.measured], 2e-4);
    tf.dispose([input, dy]);
  });

  it('leaves no tensor behind', () => {
    const input = randomTensor<tf.Tensor5D>([1, 4, 4, 4, 1], 1);
    const f = (x: tf.Tensor) => tf.grad(x => tf.avgPool3d(x as tf.Tensor5D, 2, 2, 'same'))(x);
    tf.dispose(expectNoLeak(() => tf.grad(f)(input)));
    input.dispose();
  });
});
