import * as tf from '@tensorflow/tfjs-core';
import {afterAll, describe, expect, it} from 'vitest';
import {
  amongWindows,
  isOnPicture,
  pixelsAt,
  putBack,
  sumOf,
  windowsWith,
  windowTaps,
} from '../../../../plugin/kernels/wasm/window_taps.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';

// Rows 0 1 2 of a picture of one column, in windows of two: 0 1 | 2 and none.
const info = tf.backend_util.computePool2DInfo([1, 3, 1, 1], [2, 1], [2, 1], 1, 'same');
const [upper, lower] = windowTaps(info);
const x = tf.tensor4d([5, NaN, Infinity], [1, 3, 1, 1]);
const dy = tf.tensor4d([7, 8], [1, 2, 1, 1]);
const valuesOf = (make: () => tf.Tensor) =>
  expectNoLeak(() => Array.from(tf.tidy(() => make().dataSync() as Float32Array)));

afterAll(() => tf.dispose([x, dy]));

describe('windowTaps', () => {
  it('says which windows have each of their places on the picture, and where', () => {
    const columns = {first: 0, count: 1, start: 0, stride: 1, inSize: 1, outSize: 1};
    const rows = {first: 0, stride: 2, inSize: 3, outSize: 2};
    expect(windowTaps(info)).toEqual([
      {row: 0, column: 0, rows: {...rows, count: 2, start: 0}, columns},
      {row: 1, column: 0, rows: {...rows, count: 1, start: 1}, columns},
    ]);
  });

  it('counts padding before, and filters that are spread out', () => {
    // Two taps of which one lies 2 behind the other: 'same' pads 1 before and 1 behind the rows 0 1 2.
    const spread = tf.backend_util.computeConv2DInfo([1, 3, 1, 1], [2, 1, 1, 1], 1, [2, 1], 'same');
    expect(windowTaps(spread).map(({rows: {first, count, start}}) => [first, count, start])).toEqual([
      [1, 2, 0],
      [0, 2, 1],
    ]);
  });

  it('knows a place that no window has on the picture', () => {
    const far = tf.backend_util.computeConv2DInfo([1, 1, 1, 1], [3, 1, 1, 1], 1, [2, 1], 'same');
    expect(windowTaps(far).map(isOnPicture)).toEqual([false, true, false]);
  });
});

describe('a place in the windows', () => {
  it('takes its pixels, and the windows that have it', () => {
    expect(valuesOf(() => pixelsAt(x, upper))).toEqual([5, Infinity]);
    expect(valuesOf(() => pixelsAt(x, lower))).toEqual([NaN]);
    expect(valuesOf(() => windowsWith(dy, lower))).toEqual([7]);
  });

  it('puts them back among zeros, also beside NaN and infinities', () => {
    expect(valuesOf(() => putBack(pixelsAt(x, upper), upper))).toEqual([5, 0, Infinity]);
    expect(valuesOf(() => putBack(pixelsAt(x, lower), lower))).toEqual([0, NaN, 0]);
    expect(valuesOf(() => amongWindows(windowsWith(dy, lower), lower))).toEqual([7, 0]);
  });
});

describe('sumOf', () => {
  it('adds up, and is 0 where there is nothing', () => {
    expect(valuesOf(() => sumOf([dy, dy], [1, 2, 1, 1]))).toEqual([14, 16]);
    expect(valuesOf(() => sumOf([], [2]))).toEqual([0, 0]);
  });
});
