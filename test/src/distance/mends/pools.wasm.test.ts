import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {maxPoolGrad} from '../../../../src/distance/mends/pools.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';

const own = (inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap) =>
  tf.engine().runKernel(tf.MaxPoolGrad, inputs, attrs) as tf.Tensor;

/** Where the gradient of windows of 4, with the slopes 1, 2, 3, ..., arrives. */
function placesOf(pixels: number[]): number[] {
  const input = tf.tensor4d(pixels, [1, 1, pixels.length, 1]);
  const attrs = {filterSize: [1, 4], strides: [1, 4], pad: 'valid'};
  const output = tf.maxPool(input, [1, 4], [1, 4], 'valid');
  const dy = tf.tensor4d(
    Array.from({length: output.size}, (_, i) => i + 1),
    output.shape,
  );
  const dx = expectNoLeak(() => tf.tidy(() => maxPoolGrad({dy, input, output}, attrs, own)));
  const places = Array.from(dx.dataSync());
  tf.dispose([input, output, dy, dx]);
  return places;
}

describe('maxPoolGrad on wasm', () => {
  it('finds the maximum of windows that are negative, positive and mixed', () => {
    expect(placesOf([-3, -1, -2, -4, 1, 3, 2, 0.5, -1, 2, -3, 1])).toEqual([
      ...[0, 1, 0, 0],
      ...[0, 2, 0, 0],
      ...[0, 3, 0, 0],
    ]);
  });

  it('takes the last of equal maxima, as wasm does above 0, also in a window of zeros behind a relu', () => {
    expect(placesOf([2, 2, 1, 0, 0, 0, 0, 0, -1, 0, -0, -1, -2, -2, -2, -3])).toEqual([
      ...[0, 1, 0, 0],
      ...[0, 0, 0, 2],
      ...[0, 0, 3, 0],
      ...[0, 0, 4, 0],
    ]);
  });

  it('tells neighbours among the floats apart, large and small', () => {
    const after = (x: number) => new Float32Array(new Int32Array([bits(x) - 1]).buffer)[0];
    const bits = (x: number) => new Int32Array(new Float32Array([x]).buffer)[0];
    const [large, small] = [-1e30, -1e-30];
    expect(after(large)).toBeGreaterThan(large);
    expect(placesOf([large, large, after(large), large, small, after(small), small, -1])).toEqual([
      ...[0, 0, 1, 0],
      ...[0, 2, 0, 0],
    ]);
  });
});
