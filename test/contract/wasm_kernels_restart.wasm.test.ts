import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {runInNewContext} from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import {expect, it, vi} from 'vitest';
import {wasmKernelReport} from '../../plugin/kernels/wasm/index.js';
import {memoryOf, WASM} from '../../plugin/kernels/wasm/wasm_backend.js';
import {worstError} from '../support/expect_close.js';
import {filterSlope, outShapeOf, type Conv} from '../support/conv_oracles.js';
import {randoms} from '../support/randoms.js';
import {callKernel} from '../support/wasm_calls.js';
import {restartWasm, runningWasm} from '../support/wasm_engine.js';

const CONV: Conv = {x: [2, 6, 5, 3], filter: [3, 2, 3, 4], strides: [1, 2], pad: 'same'};
const dyShape = outShapeOf(CONV);
const [x, dy] = [
  randoms(180, 1),
  randoms(
    dyShape.reduce((product, n) => product * n, 1),
    2,
  ),
];
const expected = filterSlope(CONV, x, dy);

/** How far the slope of a filter is off, for tensors of this copy of tfjs. */
function errorOfSlope(copy: typeof tf = tf): number {
  return copy.tidy(() => slopeError(copy.tensor(x, CONV.x), copy.tensor(dy, dyShape)));
}

function slopeError(xs: tf.Tensor, dys: tf.Tensor): number {
  const attrs = {filterShape: CONV.filter, strides: CONV.strides, pad: CONV.pad, dataFormat: 'NHWC'};
  return worstError(callKernel(tf.Conv2DBackpropFilter, {x: xs, dy: dys}, attrs).dataSync(), expected);
}

it('computes in the memory of a backend that was started in place of another', async () => {
  expect(errorOfSlope()).toBeLessThan(1e-6);
  const [first, setUp] = [memoryOf(runningWasm()), vi.fn()];
  const config = tf.getKernel(tf.BatchMatMul, WASM);
  const {setupFunc} = config;
  config.setupFunc = backend => {
    setUp(backend);
    setupFunc?.(backend);
  };
  const backend = await restartWasm();
  config.setupFunc = setupFunc;
  // Else tfjs's own kernels would still compute in the old memory.
  expect(setUp).toHaveBeenCalledExactlyOnceWith(backend);
  expect(memoryOf(backend)).not.toBe(first);
  expect(errorOfSlope()).toBeLessThan(1e-6);
  const product = tf.tidy(() => tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).dataSync());
  expect(Array.from(product)).toEqual([3, 3, 3, 3]);
});

it('takes tensors over from another wasm backend beside it, and leaves that one nothing', async () => {
  const factory = tf.findBackendFactory(WASM);
  tf.registerBackend('second', factory);
  await tf.setBackend('second');
  const second = tf.engine().backend;
  const [xs, dys] = [tf.tensor(x, CONV.x), tf.tensor(dy, dyShape)];
  expect(second.numDataIds()).toBe(2);
  // Ours are registered for tfjs's own name only.
  expect(() => slopeError(xs, dys)).toThrow(/'Conv2DBackpropFilter' not registered for backend 'second'/);
  await tf.setBackend(WASM);
  expect(tf.tidy(() => slopeError(xs, dys))).toBeLessThan(1e-6);
  expect(second.numDataIds()).toBe(0);
  tf.dispose([xs, dys]);
  tf.removeBackend('second');
  expect(errorOfSlope()).toBeLessThan(1e-6);
});

it('serves a second copy of tfjs-core in the process, which shares engine and registry', () => {
  const require = createRequire(import.meta.url);
  const path = require.resolve('@tensorflow/tfjs-core');
  const kept = require.cache[path];
  delete require.cache[path];
  const copy: typeof tf = require(path);
  if (kept) require.cache[path] = kept;
  expect(copy.Tensor).not.toBe(tf.Tensor);
  expect(copy.engine()).toBe(tf.engine());
  const before = tf.memory().numTensors;
  expect(errorOfSlope(copy)).toBeLessThan(1e-6);
  expect(tf.memory().numTensors).toBe(before);
});

it('leaves tfjs in another realm, as in a frame or a worker, alone', () => {
  const path = createRequire(import.meta.url).resolve('@tensorflow/tfjs-core/dist/tf-core.min.js');
  const exports = {} as typeof tf;
  const realm = {exports, module: {exports}, global: {}, console, performance, setTimeout};
  runInNewContext(readFileSync(path, 'utf8'), realm);
  expect(exports.version_core).toBe(tf.version_core);
  expect(exports.engine()).not.toBe(tf.engine());
  expect(exports.getKernelsForBackend(WASM)).toEqual([]);
  expect(wasmKernelReport().length).toBeGreaterThan(2);
});
