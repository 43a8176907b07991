import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import '../../../../plugin/kernels/wasm/index.js';
import {expectClose} from '../../../support/expect_close.js';
import {randoms} from '../../../support/randoms.js';
import {resultOf} from '../../../support/wasm_calls.js';
import {startWasmOn, WAYS} from '../../../support/wasm_engine.js';
import {channelwiseShape} from '../../../support/window_cases.js';
import {testWindowKernel} from '../../../support/window_kernel_suite.js';
import {maxPoolSlope} from '../../../support/window_oracles.js';

/** Mostly negative numbers, of which many are equal, zeros of both signs among them. */
const withTies = (size: number, seed: number) => randoms(size, seed).map(x => Math.round(2 * x - 2) / 2);

testWindowKernel({
  name: tf.MaxPoolGrad,
  inputs: pool => ({dy: channelwiseShape(pool), input: pool.x, output: channelwiseShape(pool)}),
  attrs: ({filter, strides, pad}) => ({filterSize: filter.slice(0, 2), strides, pad}),
  shape: ({x}) => x,
  expected: (pool, {dy, input}) => maxPoolSlope(pool, input, dy),
  values: {input: withTies},
  hasFilters: false,
});

describe.each(WAYS)('MaxPoolGrad on %s', way => {
  beforeAll(async () => void (await startWasmOn(way)));

  // What tfjs-node 4.22 gives.
  it.each([
    ['the first place while it is NaN', [NaN, 1, 2, 3], [5, 0, 0, 0]],
    ['the largest number where a NaN comes later', [1, NaN, 2, 3], [0, 0, 0, 5]],
    ['the first place of nothing but NaN', [NaN, NaN, NaN, NaN], [5, 0, 0, 0]],
    ['the first place of nothing but -Infinity', [-Infinity, -Infinity, -Infinity, -Infinity], [5, 0, 0, 0]],
    ['the first of two zeros of either sign', [-1, -0, 0, -1], [0, 5, 0, 0]],
  ])('takes %s, as TensorFlow does', (_, pixels, expected) => {
    const {values} = resultOf(tf.MaxPoolGrad, () => ({
      inputs: {
        dy: tf.tensor([5], [1, 1, 1, 1]),
        input: tf.tensor(pixels, [1, 1, 4, 1]),
        output: tf.zeros([1, 1, 1, 1]),
      },
      attrs: {filterSize: [1, 4], strides: 1, pad: 'valid'},
    }));
    expect(Array.from(values)).toEqual(expected);
  });

  it('finds a number as large as what the pool itself has taken, in every window', () => {
    const [input, size] = [tf.tensor4d(withTies(2 * 7 * 6 * 5, 3), [2, 7, 6, 5]), [3, 2] as [number, number]];
    const output = tf.maxPool(input, size, [3, 2], 'same');
    const attrs = {filterSize: size, strides: [3, 2], pad: 'same'};
    // The windows do not overlap: each place that gets a 1 holds its window's maximum.
    const places = resultOf(tf.MaxPoolGrad, () => ({
      inputs: {dy: tf.onesLike(output), input, output},
      attrs,
    }));
    const found = input.dataSync().filter((_, i) => places.values[i] === 1);
    // Zeros of both signs are equal.
    expectClose(found.sort(), output.dataSync().slice().sort(), 0);
    tf.dispose([input, output]);
  });
});
