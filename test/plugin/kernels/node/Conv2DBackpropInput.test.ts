import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {expectSame, operationsRunBy, withNativeKernels} from '../../../support/native_kernels.js';
import {randomTensor} from '../../../support/randoms.js';

type Case = [picture: number[], filter: [number, number], stride: number, pad: 'same' | 'valid' | number];
const taken: Case[] = [1, 2, 3, 4].flatMap((channels): Case[] => [
  [[5, 28, 28, channels], [5, 5], 1, 'same'],
  [[20, 13, 16, channels], [5, 5], 1, 'same'],
  [[26, 16, 9, channels], [3, 2], 1, 'same'],
  [[57, 8, 8, channels], [4, 4], 1, 'same'],
  [[25, 12, 17, channels], [3, 3], 1, 'valid'],
  [[35, 13, 13, channels], [2, 5], 1, 'valid'],
]);

const left: Case[] = [
  [[1, 12, 12, 1], [3, 3], 1, 'same'], // small
  [[16, 16, 16, 5], [3, 3], 1, 'same'], // many channels
  [[64, 16, 16, 1], [3, 3], 2, 'same'], // a stride
  [[32, 12, 12, 1], [1, 1], 1, 'same'], // nothing to lay out
];

function slopeOf([shape, size, stride, pad]: Case): tf.Tensor {
  return tf.tidy(() => {
    const x = randomTensor<tf.Tensor4D>(shape, 1);
    const filter = randomTensor<tf.Tensor4D>([...size, shape[3], 9], 2);
    return tf.grad(t => tf.square(tf.conv2d(t as tf.Tensor4D, filter, stride, pad)))(x);
  });
}

/** Whether pixels are put together from blocks; the comparison while kernels are enabled does not count. */
const isTaken = (run: () => tf.Tensor) =>
  withNativeKernels(() => operationsRunBy(() => void run().dataSync()).includes('DepthToSpace'));

describe('the faster gradient of a convolution at a picture of few channels', () => {
  it.each(taken)('is that of tfjs: picture %s, filter %s, stride %s, padding %s', (...args) => {
    const run = () => slopeOf(args);
    expect(isTaken(run)).toBe(true);
    expectSame(withNativeKernels(run), run(), 1e-6);
  });

  it.each(left)('leaves to tfjs what gains nothing: picture %s, filter %s, stride %s', (...args) => {
    expect(isTaken(() => slopeOf(args))).toBe(false);
  });

  it('passes NaN and infinities on to the pixels that they reach, as tfjs does', () => {
    const dy = tf.buffer([32, 12, 12, 8]);
    dy.set(NaN, 0, 3, 4, 1);
    dy.set(Infinity, 0, 9, 9, 2);
    const filter = randomTensor<tf.Tensor4D>([3, 3, 1, 8], 1);
    const run = () => tf.conv2dTranspose(dy.toTensor() as tf.Tensor4D, filter, [32, 12, 12, 1], 1, 'same');
    expectSame(withNativeKernels(run), run());
  });

  it('leaves no tensor behind', () => {
    const [dy, filter] = [
      randomTensor<tf.Tensor4D>([32, 12, 12, 8], 1),
      randomTensor<tf.Tensor4D>([5, 5, 1, 8], 2),
    ];
    withNativeKernels(() => expectNoLeak(() => tf.conv2dTranspose(dy, filter, [32, 12, 12, 1], 1, 'same')));
  });
});
