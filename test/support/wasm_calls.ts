import {tidy, type NamedTensorMap} from '@tensorflow/tfjs-core';
import {expect} from 'vitest';
import {wasmKernelReport} from '../../plugin/kernels/wasm/index.js';
import {runKernel as callKernel} from '../../plugin/kernels/run_kernel.js';
import {worstError} from './expect_close.js';
import type {Way} from './wasm_engine.js';

export {callKernel};

/** The shape and values of what a kernel makes, and nothing left behind. */
export function resultOf(name: string, make: () => {inputs: NamedTensorMap; attrs: object}) {
  return tidy(() => {
    const {inputs, attrs} = make();
    const result = callKernel(name, inputs, attrs);
    return {shape: result.shape, values: result.dataSync() as Float32Array};
  });
}

/** Tries a kernel out and expects it to run so: no test can find itself on something else. */
export function expectRunsOn(name: string, way: Way): void {
  const row = wasmKernelReport().find(kernel => kernel.name === name);
  expect(row?.runsOn, row?.reason).toBe(way);
}

/** Tries all kernels out and expects each to run in one of these ways. */
export function expectAllRunOn(...ways: Way[]): void {
  const report = wasmKernelReport();
  expect(report.length).toBeGreaterThan(0);
  for (const {name, runsOn, reason} of report) expect(ways, `${name}: ${reason}`).toContain(runsOn);
}

/**
 * How far values are from those of float64, over the largest; Infinity where NaN or infinities are not in the same
 * places. Values are float32, so sums of them may overflow in other places: not covered.
 */
export function errorOf(values: ArrayLike<number>, expected: ArrayLike<number>): number {
  const [finite, wanted]: number[][] = [[], []];
  for (let i = 0; i < expected.length; i++) {
    if (Number.isFinite(expected[i])) {
      finite.push(values[i]);
      wanted.push(expected[i]);
    } else if (!Object.is(values[i], expected[i])) return Infinity;
  }
  return values.length === expected.length ? worstError(finite, wanted) : Infinity;
}
