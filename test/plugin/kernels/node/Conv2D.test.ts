import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {expectClose} from '../../../support/expect_close.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {secondSlopes} from '../../../support/kernel_slopes.js';
import {expectSame, operationsRunBy, withNativeKernels} from '../../../support/native_kernels.js';
import {randomTensor} from '../../../support/randoms.js';

type Shape = [
  picture: [number, number],
  kernel: [number, number],
  strides: number,
  pad: 'same' | 'valid' | tf.backend_util.ExplicitPadding,
  dilation?: number,
];
const shapes: Shape[] = [
  [[5, 7], [3, 3], 1, 'same'],
  [[5, 7], [3, 2], 1, 'valid'],
  [[6, 6], [3, 3], 2, 'same'],
  [[7, 5], [2, 2], 2, 'valid'],
  [[5, 5], [1, 1], 1, 'valid'],
  [
    [5, 5],
    [3, 3],
    1,
    [
      [0, 0],
      [1, 0],
      [0, 2],
      [0, 0],
    ],
  ],
  [[7, 7], [3, 3], 1, 'same', 2],
];

describe('a convolution with its bias', () => {
  describe.each(shapes)(
    'pictures %s, kernels %s, strides %s, padded %s, dilated %s',
    (size, kernel, strides, pad, dilation = 1) => {
      const x = randomTensor<tf.Tensor4D>([2, ...size, 3], 1);
      const filter = randomTensor<tf.Tensor4D>([...kernel, 3, 4], 2);
      const bias = randomTensor<tf.Tensor1D>([4], 3);
      const convolve = (x: tf.Tensor, filter: tf.Tensor) =>
        tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad, 'NHWC', dilation);
      const two = (x: tf.Tensor, filter: tf.Tensor, bias: tf.Tensor) =>
        tf.add(convolve(x, filter), bias) as tf.Tensor;

      it('is what tfjs computes, as two operations and as one', () => {
        const one = () => tf.fused.conv2d({x, filter, strides, pad, bias, dilations: dilation});
        const relu = () =>
          tf.fused.conv2d({x, filter, strides, pad, bias, dilations: dilation, activation: 'relu'});
        for (const f of [() => two(x, filter, bias), one, relu]) expectSame(withNativeKernels(f), f(), 1e-6);
      });

      it('has the gradients that tfjs computes', () => {
        // tfjs-node has no gradient of dilated convolutions, nor of padding by numbers.
        if (dilation > 1 || typeof pad !== 'string') return;
        const slopes = () =>
          tf.grads((...inputs) => tf.square(two(...(inputs as [tf.Tensor, tf.Tensor, tf.Tensor]))))([
            x,
            filter,
            bias,
          ]);
        const stock = slopes();
        withNativeKernels(slopes).forEach((slope, i) => expectSame(slope, stock[i], 1e-5));
        const f = (x: tf.Tensor) => tf.square(two(x, filter, bias));
        const {claimed, measured} = withNativeKernels(() => secondSlopes(f, x));
        expectClose([claimed], [measured], 2e-3);
      });
    },
  );

  const x = randomTensor<tf.Tensor4D>([1, 4, 4, 2], 1);
  const filter = randomTensor<tf.Tensor4D>([3, 3, 2, 4], 2);
  const bias = randomTensor<tf.Tensor1D>([4], 3);
  const convolve = () => tf.conv2d(x, filter, 1, 'same');

  it('is one operation, with no sum beside it', () => {
    const run = () => operationsRunBy(() => void tf.add(convolve(), bias).dataSync());
    expect(run()).toEqual(['Conv2D', 'Add']);
    expect(withNativeKernels(run)).toEqual(['_MklNativeConv2DWithBias']);
  });

  it('can be read without the bias too, before and after, and with another', () => {
    const stock = convolve();
    const sum = tf.add(stock, bias);
    withNativeKernels(() => {
      const y = convolve();
      expectSame(tf.add(y, bias), sum, 1e-6);
      expectSame(tf.add(y, tf.neg(bias)), tf.sub(stock, bias), 1e-6);
      expectSame(y, stock, 1e-6);
      expectSame(tf.add(y, bias), sum, 1e-6);
      const z = convolve();
      expectSame(z, stock, 1e-6);
      expectSame(tf.add(z, bias), sum, 1e-6);
    });
  });

  it('leaves other sums alone: a bias of one value, whole numbers, two convolutions, a bias in front', () => {
    const others = [
      () => tf.add(convolve(), 2),
      () => tf.add(convolve(), tf.tensor1d([2])),
      () => tf.add(convolve(), tf.tensor1d([1, 2, 3, 4], 'int32')),
      () => tf.add(convolve(), convolve()),
      () => tf.add(bias, convolve()),
      () => tf.add(tf.ones([2, 3]), tf.ones([3])),
    ];
    for (const f of others) expectSame(withNativeKernels(f), f(), 1e-6);
  });

  it('refuses a filter larger than the picture at once, as tfjs does', () => {
    const tooLarge = tf.ones<tf.Rank.R4>([20, 20, x.shape[3], 4]);
    const refused = () => expect(() => tf.conv2d(x, tooLarge, 1, 'valid')).toThrow('negative');
    refused();
    withNativeKernels(refused);
  });

  it('passes NaN on, in a picture and in the bias', () => {
    const bad = tf.where(tf.greater(x, 1), NaN, x);
    const odd = tf.tensor1d([NaN, Infinity, 1, 2]);
    const f = () => tf.add(tf.conv2d(bad, filter, 1, 'same'), odd);
    expectSame(withNativeKernels(f), f(), 1e-6);
  });

  it('leaves no tensor behind', () => {
    withNativeKernels(() => {
      expectNoLeak(() => convolve());
      expectNoLeak(() => tf.tidy(() => tf.add(convolve(), bias)));
      expectNoLeak(() => tf.fused.conv2d({x, filter, strides: 1, pad: 'same', bias}));
      expectNoLeak(() => tf.grad(x => tf.add(tf.conv2d(x as tf.Tensor4D, filter, 1, 'same'), bias))(x));
    });
  });
});
