import * as tf from '@tensorflow/tfjs-core';
import {afterAll, beforeAll, expect, it, vi} from 'vitest';
import type {WasmKernelReport} from '../../../../plugin/kernels/wasm/index.js';
import {runningWasm, startWasmOn} from '../../../support/wasm_engine.js';

const stock = new Map(tf.getKernelsForBackend('wasm').map(kernel => [kernel.kernelName, kernel]));
const setUps = new Map([...stock.keys()].map(name => [name, watchSetUp(stock.get(name)!)]));
const warn = vi.spyOn(console, 'warn');
const index = await import('../../../../plugin/kernels/wasm/index.js');
const warnings = warn.mock.calls.map(([line]) => line);

let report: WasmKernelReport[];
beforeAll(async () => {
  await startWasmOn('simd');
  report = index.wasmKernelReport();
});
afterAll(() => warn.mockRestore());

it('registers its kernels without a warning, and leaves the others as they are', () => {
  expect(warnings).toEqual([]);
  const ours = new Set(report.map(({name}) => name));
  const now = tf.getKernelsForBackend('wasm');
  const others = now.filter(kernel => !ours.has(kernel.kernelName));
  expect(others.length).toBeGreaterThan(100);
  for (const kernel of others) expect(kernel, kernel.kernelName).toBe(stock.get(kernel.kernelName));
  const changed = now.filter(kernel => kernel !== stock.get(kernel.kernelName));
  expect(changed.map(kernel => kernel.kernelName).sort()).toEqual([...ours].sort());
});

it("sets up the kernels that it replaces, which call tfjs's own", () => {
  const replaced = report.filter(({name}) => stock.get(name)?.setupFunc);
  expect(replaced.length).toBeGreaterThan(2);
  for (const {name} of replaced) expect(setUps.get(name), name).toHaveBeenLastCalledWith(runningWasm());
});

it('adds what wasm lacks to train convolutions', () => {
  const names = report.map(({name}) => name);
  expect(names).toEqual(
    expect.arrayContaining(['BatchMatMul', 'Conv2DBackpropFilter', 'Conv2DBackpropInput']),
  );
  expect(new Set(names).size).toBe(names.length);
  expect(stock.has('Conv2DBackpropFilter')).toBe(false);
});

it('reports that all run on the module here, and leaves no tensor behind', async () => {
  await startWasmOn('simd');
  const before = tf.memory().numTensors;
  for (const {name, runsOn, reason} of index.wasmKernelReport()) {
    expect({name, runsOn, reason}).toMatchObject({
      runsOn: 'simd',
      reason: 'as tfjs in a comparison on small cases',
    });
  }
  expect(tf.memory().numTensors).toBe(before);
});

it('reports the reason where they run on operations', async () => {
  warn.mockImplementation(() => {});
  await startWasmOn('operations');
  for (const {runsOn, reason} of index.wasmKernelReport())
    expect({runsOn, reason}).toEqual({
      runsOn: 'operations',
      reason: 'this version of tfjs keeps its memory to itself',
    });
});

it('reports nothing before the backend runs', async () => {
  const factory = tf.findBackendFactory('wasm');
  tf.removeBackend('wasm');
  expect(() => index.wasmKernelReport()).toThrow(
    "wasmKernelReport: expected the wasm backend to run; await tf.setBackend('wasm')",
  );
  tf.registerBackend('wasm', factory, 2);
  await startWasmOn('simd');
  expect(index.wasmKernelReport().length).toBe(report.length);
});

function watchSetUp(config: tf.KernelConfig) {
  const setUp = vi.fn(config.setupFunc);
  if (config.setupFunc) config.setupFunc = setUp;
  return setUp;
}
