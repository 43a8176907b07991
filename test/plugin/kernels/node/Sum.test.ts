import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {expectSame, withNativeKernels} from '../../../support/native_kernels.js';
import {randomTensor} from '../../../support/randoms.js';

type Sum = [shape: number[], axis: number | number[] | undefined, keepDims: boolean];
const sums: Sum[] = [
  [[2, 3, 4, 20], [0, 1, 2], false],
  [[2, 3, 4, 20], [2, 0, 1], false],
  [[2, 3, 4, 20], [-4, -3, -2], false],
  [[2, 3, 4, 20], [0, 1], false],
  [[2, 3, 4, 20], [1, 2, 3], false],
  [[2, 3, 4, 20], undefined, false],
  [[2, 3, 4, 20], [0, 1, 2], true],
  [[7, 16], 0, false],
  [[7, 15], 0, false],
  [[7, 16], 1, false],
  [[16], 0, false],
  [[0, 16], 0, false],
  [[1, 1, 17], [0, 1], false],
];

describe('the faster sum over all axes but the last', () => {
  it.each(sums)(
    'is what tfjs computes, as is every other sum: %s over %s, kept %s',
    (shape, axis, keepDims) => {
      const x = randomTensor(shape, 1);
      const sum = () => tf.sum(x, axis, keepDims);
      expectSame(withNativeKernels(sum), sum(), 1e-6);
      const slope = () => tf.grad(t => tf.sum(tf.square(t), axis, keepDims))(x);
      expectSame(withNativeKernels(slope), slope(), 1e-6);
    },
  );

  it('passes NaN and infinities on, and leaves whole numbers whole', () => {
    const odd = tf
      .fill([3, 16], 1)
      .concat(tf.tensor2d([NaN, Infinity, -Infinity, ...Array(13).fill(1)], [1, 16]));
    expectSame(
      withNativeKernels(() => tf.sum(odd, 0)),
      tf.sum(odd, 0),
    );
    const whole = withNativeKernels(() => tf.sum(tf.ones([3, 16], 'int32'), 0));
    expect([whole.dtype, whole.dataSync()[0]]).toEqual(['int32', 3]);
  });

  it('is as accurate as the sum of tfjs over many rows', () => {
    const x = tf.add(randomTensor([60_000, 16], 3), 1);
    const exact = new Float64Array(16);
    x.dataSync().forEach((value, i) => (exact[i % 16] += value));
    const error = (t: tf.Tensor) =>
      Math.max(...t.dataSync().map((value, i) => Math.abs(value / exact[i] - 1)));
    const [ours, stock] = [withNativeKernels(() => error(tf.sum(x, 0))), error(tf.sum(x, 0))];
    expect(ours, `ours ${ours}, of tfjs ${stock}`).toBeLessThan(1e-5);
  });

  it('leaves no tensor behind', () => {
    const x = randomTensor([3, 16], 1);
    withNativeKernels(() => expectNoLeak(() => tf.sum(x, 0)));
  });
});
