import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import '../../../plugin/gradients/index.js';
import {maxPoolGradGradConfig} from '../../../plugin/gradients/MaxPoolGrad.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';
import {kernelSlopes, secondSlopes} from '../../support/kernel_slopes.js';
import {randomTensor} from '../../support/randoms.js';

type Pool = [[number, number], number | [number, number], number | [number, number], 'valid' | 'same'];
// Height and width, window, stride, padding.
const pools: Pool[] = [
  [[4, 4], 2, 2, 'valid'],
  [[5, 7], 2, 2, 'valid'],
  [[5, 7], 2, 2, 'same'],
  [[7, 7], 3, 2, 'valid'],
  [[6, 7], 3, 2, 'valid'],
  [[7, 7], 3, 2, 'same'],
  [[6, 8], 3, 2, 'same'],
  [[5, 5], 3, 1, 'valid'],
  [[5, 6], 3, 1, 'same'],
  [[7, 6], [3, 2], [1, 2], 'same'],
  [[7, 7], 2, 3, 'valid'],
];

function setUp([size, filterSize, strides, pad]: Pool) {
  const input = randomTensor<tf.Tensor4D>([2, ...size, 3], 1);
  const output = tf.maxPool(input, filterSize, strides, pad);
  const dy = randomTensor<tf.Tensor4D>(output.shape, 2);
  return {inputs: {dy, input, output}, attrs: {filterSize, strides, pad}};
}

describe('the gradient of MaxPoolGrad', () => {
  it('is the one that is registered', () => {
    expect(tf.getGradient(tf.MaxPoolGrad)).toBe(maxPoolGradGradConfig);
  });

  it.each(pools)('agrees with finite differences for dy: picture %s, window %s, stride %s, %s', (...pool) => {
    const {inputs, attrs} = setUp(pool);
    // MaxPoolGrad is linear in dy: any step is small.
    const {claimed, measured} = kernelSlopes(tf.MaxPoolGrad, inputs, attrs, 'dy', 4);
    expectClose([claimed], [measured], 2e-5);
    tf.dispose(inputs);
  });

  it.each(pools)('takes g at the place of each maximum: picture %s, window %s, stride %s, %s', (...pool) => {
    // Where all numbers differ, the place of y is where the picture equals it.
    const {inputs, attrs} = setUp(pool);
    const g = randomTensor<tf.Tensor4D>(inputs.input.shape, 3);
    const run = (dy: tf.Tensor) => tf.engine().runKernel(tf.MaxPoolGrad, {...inputs, dy}, attrs) as tf.Tensor;
    const slope = tf.tidy(() => tf.grad(run)(inputs.dy, g).dataSync());
    const [pixels, values] = [inputs.input.dataSync(), g.dataSync()];
    const expected = Array.from(inputs.output.dataSync(), y => values[pixels.indexOf(y)]);
    expectClose(slope, expected, 1e-5);
    tf.dispose([inputs, g]);
  });

  it.each(pools)(
    'makes a second derivative right: picture %s, window %s, stride %s, %s',
    (size, k, s, pad) => {
      const x = randomTensor<tf.Tensor4D>([2, ...size, 2], 4);
      const f = (x: tf.Tensor) => tf.square(tf.maxPool(tf.square(x) as tf.Tensor4D, k, s, pad));
      const {claimed, measured} = secondSlopes(f, x, undefined, 0.02);
      expectClose([claimed], [measured], 5e-4);
      x.dispose();
    },
  );

  it('takes the one place that the backend itself takes where numbers tie', () => {
    const input = tf.ones<tf.Rank.R4>([1, 4, 4, 1]);
    const attrs = {filterSize: 2, strides: 2, pad: 'valid'};
    const output = tf.maxPool(input, 2, 2, 'valid');
    const run = (dy: tf.Tensor) =>
      tf.engine().runKernel(tf.MaxPoolGrad, {dy, input, output}, attrs) as tf.Tensor;
    const g = randomTensor([1, 4, 4, 1], 5);
    const [places, slope] = tf.tidy(() => [
      run(tf.onesLike(output)).dataSync(),
      tf.grad(run)(output, g).dataSync(),
    ]);
    expect(Array.from(places).reduce((a, b) => a + b)).toBe(4);
    const values = g.dataSync();
    const chosen = [0, 2, 8, 10].map(first => {
      const window = [first, first + 1, first + 4, first + 5];
      return window.reduce((total, at) => total + places[at] * values[at], 0);
    });
    expectClose(slope, chosen, 1e-6);
    tf.dispose([input, output, g]);
  });

  it('is right where every number is negative', () => {
    const {inputs, attrs} = setUp([[5, 5], 3, 2, 'same']);
    const input = tf.sub(tf.neg(tf.abs(inputs.input)), 1) as tf.Tensor4D;
    const output = tf.maxPool(input, 3, 2, 'same');
    const {claimed, measured} = kernelSlopes(tf.MaxPoolGrad, {dy: inputs.dy, input, output}, attrs, 'dy', 4);
    expectClose([claimed], [measured], 2e-5);
    tf.dispose([inputs, input, output]);
  });

  it('leaves no tensor behind, with windows that overlap and without', () => {
    for (const pool of [pools[0], pools[5]]) {
      const {inputs, attrs} = setUp(pool);
      const run = (dy: tf.Tensor) =>
        tf.engine().runKernel(tf.MaxPoolGrad, {...inputs, dy}, attrs) as tf.Tensor;
      tf.dispose(expectNoLeak(() => tf.grad(run)(inputs.dy)));
      tf.dispose(inputs);
    }
  });
});
