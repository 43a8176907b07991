import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {expectClose} from '../../../support/expect_close.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {secondSlopes} from '../../../support/kernel_slopes.js';
import {expectSame, kernelsRunBy, withNativeKernels} from '../../../support/native_kernels.js';
import {randomTensor} from '../../../support/randoms.js';

type Mean = [shape: number[], axis: number | number[] | undefined, keepDims: boolean];
const means: Mean[] = [
  [[2, 3, 4, 20], [0, 1, 2], false],
  [[2, 3, 4, 20], [0, 1, 2], true],
  [[2, 3, 4, 20], [-4, -3, -2], false],
  [[2, 3, 4, 20], [1, 3], false],
  [[2, 3, 4, 20], undefined, false],
  [[7, 3], 0, false],
  [[7, 3], 1, false],
  [[5], 0, false],
  [[], undefined, false],
];

describe('the faster mean', () => {
  it.each(means)('is what tfjs computes, with its gradient: %s over %s, kept %s', (shape, axis, keepDims) => {
    const x = randomTensor(shape, 1);
    const mean = () => tf.mean(x, axis, keepDims);
    expectSame(withNativeKernels(mean), mean(), 1e-6);
    const slope = () => tf.grad(t => tf.square(tf.mean(tf.square(t), axis, keepDims)))(x);
    expectSame(withNativeKernels(slope), slope(), 1e-6);
  });

  it('passes NaN and infinities on, and takes whole numbers', () => {
    const odd = tf.tensor2d([NaN, Infinity, -Infinity, 1, 2, 3, 4, 5], [2, 4]);
    const slope = () => tf.grad(t => tf.mean(t, 0))(odd, tf.tensor1d([1, NaN, Infinity, 2]));
    expectSame(
      withNativeKernels(() => tf.mean(odd, 0)),
      tf.mean(odd, 0),
    );
    expectSame(withNativeKernels(slope), slope());
    const whole = withNativeKernels(() => tf.mean(tf.tensor2d([1, 2, 4, 7], [2, 2], 'int32'), 0));
    expect([whole.dtype, ...whole.dataSync()]).toEqual(['float32', 2.5, 4.5]);
  });

  it('makes a second derivative right', () => {
    const x = randomTensor([5, 3], 2);
    const f = (x: tf.Tensor) => tf.square(tf.mean(tf.square(x), 0));
    const {claimed, measured} = withNativeKernels(() => secondSlopes(f, x));
    expectClose([claimed], [measured], 2e-3);
  });

  it('spreads its gradient in one pass, and leaves no tensor behind', () => {
    const x = randomTensor([3, 16], 1);
    withNativeKernels(() => {
      expect(kernelsRunBy(() => tf.grad(t => tf.mean(t, 0))(x))).toContain('Tile');
      expectNoLeak(() => tf.mean(x, 0));
      expectNoLeak(() => tf.grad(t => tf.mean(t, 0))(x));
    });
  });
});
