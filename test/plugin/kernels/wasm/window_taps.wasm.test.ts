import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {pick, windowTaps} from '../../../../plugin/kernels/wasm/window_taps.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';

describe('windowTaps', () => {
  it('says where each place of the windows is on the picture, and the other way round', () => {
    // Windows of 2 every 2 over 3 rows, one row padded behind: rows 0 1 | 2 and none.
    const info = tf.backend_util.computePool2DInfo([1, 3, 1, 1], [2, 1], [2, 1], 1, 'same');
    expect(windowTaps(info)).toEqual([
      {
        row: 0,
        column: 0,
        onPicture: {rows: [0, 2], columns: [0]},
        inWindows: {rows: [0, -1, 1], columns: [0]},
      },
      {
        row: 1,
        column: 0,
        onPicture: {rows: [1, -1], columns: [0]},
        inWindows: {rows: [-1, 0, -1], columns: [0]},
      },
    ]);
  });

  it('counts padding before, and filters that are spread out', () => {
    // Taps 0 and 2 pixels behind the window's start, which is at -2, -1, ...: 'same' for a reach of 3 pads 1 and 1.
    const info = tf.backend_util.computeConv2DInfo([1, 3, 1, 1], [2, 1, 1, 1], 1, [2, 1], 'same');
    const [first, second] = windowTaps(info);
    expect([first.onPicture.rows, second.onPicture.rows]).toEqual([
      [-1, 0, 1],
      [1, 2, -1],
    ]);
    expect([first.inWindows.rows, second.inWindows.rows]).toEqual([
      [1, 2, -1],
      [-1, 0, 1],
    ]);
  });
});

describe('pick', () => {
  it('takes rows and columns, and 0 where there are none, also beside NaN and infinities', () => {
    const x = tf.tensor4d([NaN, Infinity, 3, 4], [1, 2, 2, 1]);
    const picked = expectNoLeak(() => tf.tidy(() => pick(x, {rows: [-1, 1, 0], columns: [1, -1]})));
    expect(picked.shape).toEqual([1, 3, 2, 1]);
    expect(Array.from(picked.dataSync())).toEqual([0, 0, 4, 0, Infinity, 0]);
    tf.dispose([x, picked]);
  });
});
