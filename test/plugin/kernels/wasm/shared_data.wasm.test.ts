import * as tf from '@tensorflow/tfjs-core';
import {expect, it} from 'vitest';
import {sharedData} from '../../../../plugin/kernels/wasm/shared_data.js';
import type {WasmBackend} from '../../../../plugin/kernels/wasm/wasm_backend.js';

it('shares values until the last tensor that has them is disposed', () => {
  const backend = tf.findBackend('wasm') as WasmBackend;
  const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const [data, {numTensors, numDataBuffers}] = [backend.numDataIds(), tf.memory()];
  const copy = tf.engine().makeTensorFromTensorInfo(sharedData(backend, x));
  expect(copy.dataId).toBe(x.dataId);
  expect([backend.numDataIds(), tf.memory().numDataBuffers]).toEqual([data, numDataBuffers]);
  x.dispose();
  expect(Array.from(copy.dataSync())).toEqual([1, 2, 3, 4]);
  copy.dispose();
  expect([backend.numDataIds(), tf.memory().numTensors]).toEqual([data - 1, numTensors - 1]);
});
