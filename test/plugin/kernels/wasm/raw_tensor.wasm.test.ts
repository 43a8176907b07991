import * as tf from '@tensorflow/tfjs-core';
import {expect, it} from 'vitest';
import {rawTensor} from '../../../../plugin/kernels/wasm/raw_tensor.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';

it('a raw tensor holds what it is given, rounded to float32', () => {
  const tensor = expectNoLeak(() => rawTensor([NaN, Infinity, -0, 1 + 2 ** -30], [2, 2]));
  expect([tensor.dtype, ...tensor.shape]).toEqual(['float32', 2, 2]);
  expect(Array.from(tensor.dataSync())).toEqual([NaN, Infinity, -0, 1]);
});

it('a raw tensor may hold NaN in the debug mode of tfjs, too', () => {
  tf.env().set('DEBUG', true);
  try {
    expect(() => tf.tensor1d([NaN])).toThrow('contains NaN');
    expect(rawTensor([NaN], [1]).dataSync()[0]).toBeNaN();
  } finally {
    tf.env().set('DEBUG', false);
  }
});
