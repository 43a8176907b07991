import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {sortLiveTape} from '../../../../src/distance/live_tape.js';
import {expectClose} from '../../../support/expect_close.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {secondSlopes} from '../../../support/kernel_slopes.js';
import {expectSame, kernelsRunBy, withNativeKernels} from '../../../support/native_kernels.js';
import {randomTensor} from '../../../support/randoms.js';

const CHANNELS = 5;
const shapes = [
  [3, 4, 2, CHANNELS],
  [6, 3, CHANNELS],
  [7, CHANNELS],
];
const positive = (seed: number) => tf.add(tf.abs(randomTensor([CHANNELS], seed)), 0.2);
const parameters = () => [
  randomTensor([CHANNELS], 1),
  positive(2),
  randomTensor([CHANNELS], 3),
  randomTensor([CHANNELS], 4),
];

type Inputs = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
const norm = (...[x, mean, variance, offset, scale]: Inputs) =>
  tf.batchNorm(
    x as tf.Tensor4D,
    mean as tf.Tensor1D,
    variance as tf.Tensor1D,
    offset as tf.Tensor1D,
    scale as tf.Tensor1D,
    1e-3,
  ) as tf.Tensor;
/** As batch normalization in training mode: the statistics are the batch's. */
const training = (x: tf.Tensor, offset: tf.Tensor, scale: tf.Tensor) => {
  const {mean, variance} = tf.moments(x, x.shape.map((_, i) => i).slice(0, -1));
  return norm(x, mean, variance, offset, scale);
};

describe("batch normalization's faster gradient", () => {
  describe.each(shapes.map(shape => [shape]))('of shape %s', shape => {
    const x = randomTensor(shape, 10);
    const dy = randomTensor(shape, 11);

    it('is what tfjs computes, for each input', () => {
      const inputs = [x, ...parameters()] as Inputs;
      const slopes = () => tf.grads(norm as never)(inputs, dy);
      const stock = slopes();
      withNativeKernels(slopes).forEach((slope, i) => expectSame(slope, stock[i], 2e-6));
    });

    it('is what tfjs computes in training mode', () => {
      const [, , offset, scale] = parameters();
      const slopes = () => tf.grads(training)([x, offset, scale], dy);
      const stock = slopes();
      withNativeKernels(slopes).forEach((slope, i) => expectSame(slope, stock[i], 1e-5));
    });

    it('makes second derivatives right, of x and of all else', () => {
      const inputs = [x, ...parameters()] as Inputs;
      inputs.forEach((input, i) => {
        const f = (t: tf.Tensor) => {
          const [x, ...rest] = inputs.map((other, j) => (i === j ? t : other));
          return tf.tanh(norm(x, ...(rest as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor])));
        };
        const {claimed, measured} = withNativeKernels(() => secondSlopes(f, input, sortLiveTape));
        expectClose([claimed], [measured], 3e-3);
      });
      const [, , offset, scale] = parameters();
      const f = (x: tf.Tensor) => tf.square(training(x, offset, scale));
      const {claimed, measured} = withNativeKernels(() => secondSlopes(f, x, sortLiveTape));
      expectClose([claimed], [measured], 3e-3);
    });
  });

  it('leaves statistics of higher rank to tfjs', () => {
    const x = randomTensor<tf.Tensor4D>([2, 3, 4, CHANNELS], 1);
    const [mean, variance] = [
      randomTensor<tf.Tensor4D>(x.shape, 2),
      tf.abs(randomTensor<tf.Tensor4D>(x.shape, 3)),
    ];
    const slope = () =>
      tf.grad(x => tf.batchNorm(x as tf.Tensor4D, mean, variance, mean, variance) as tf.Tensor)(x);
    expectSame(withNativeKernels(slope), slope());
  });

  it('passes NaN on in the places where tfjs does', () => {
    const x = tf.tensor2d([1, NaN, 3, 4, 5, Infinity], [3, 2]).pad([
      [0, 0],
      [0, 3],
    ]);
    const dy = tf.tensor2d([1, 1, NaN, 1, 1, 1], [3, 2]).pad([
      [0, 0],
      [0, 3],
    ]);
    const slopes = () => tf.grads(norm as never)([x, ...parameters()], dy);
    const stock = slopes();
    withNativeKernels(slopes).forEach((slope, i) => expectSame(slope, stock[i], 2e-6));
  });

  it('needs no tile, and leaves no tensor behind', () => {
    const x = randomTensor([6, CHANNELS], 1);
    const inputs = [x, ...parameters()] as Inputs;
    const slopes = () => tf.grads(norm as never)(inputs);
    withNativeKernels(() => {
      expect(kernelsRunBy(slopes)).not.toContain('Tile');
      expectNoLeak(slopes);
      expectNoLeak(() =>
        tf.grad(x =>
          tf.grad(x =>
            tf.square(norm(x, ...(inputs.slice(1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]))),
          )(x),
        )(x),
      );
    });
  });

  it('allows one tensor for offset and scale', () => {
    const [mean, variance, both] = parameters();
    const x = randomTensor([6, CHANNELS], 1);
    const slope = () => tf.grad(t => norm(x, mean, variance, t, t))(both);
    expectSame(withNativeKernels(slope), slope(), 2e-6);
  });
});
