import {engine, type Tensor} from '@tensorflow/tfjs-core';
import {expect} from 'vitest';
import {disableNativeKernels, enableNativeKernels} from '../../plugin/kernels/node/index.js';
import {nativeBackend} from '../../plugin/kernels/node/native_backend.js';
import {worstError} from './expect_close.js';

/** Runs f with the native engine's faster kernels in place in every model. */
export function withNativeKernels<T>(f: () => T): T {
  enableNativeKernels({scope: 'everywhere'});
  try {
    return f();
  } finally {
    disableNativeKernels();
  }
}

/** The names of the kernels that run, in their order. */
export function kernelsRunBy(f: () => unknown): string[] {
  const {names, stop} = recordKernels();
  try {
    f();
  } finally {
    stop();
  }
  return names;
}

/** The same for a function that takes its time. */
export async function kernelsRunByAsync(f: () => Promise<unknown>): Promise<string[]> {
  const {names, stop} = recordKernels();
  await f().finally(stop);
  return names;
}

/** The names of TensorFlow's operations that run, in their order. */
export function operationsRunBy(f: () => void): string[] {
  const names: string[] = [];
  watchingOperations(name => names.push(name), f);
  return names;
}

/** Runs f and calls `watch` with the name of each of TensorFlow's operations before it runs. */
export function watchingOperations<T>(watch: (name: string) => void, f: () => T): T {
  const native = nativeBackend();
  const {binding} = native;
  const executeOp: typeof binding.executeOp = (name, ...rest) => {
    watch(name);
    return binding.executeOp(name, ...rest);
  };
  // Its properties cannot be written.
  const entries = Object.getOwnPropertyNames(binding).map(key => [key, Reflect.get(binding, key)]);
  native.binding = {...Object.fromEntries(entries), executeOp};
  try {
    return f();
  } finally {
    native.binding = binding;
  }
}

function recordKernels(): {names: string[]; stop: () => void} {
  const recorded = engine() as unknown as {runKernel?: (name: string, ...rest: unknown[]) => unknown};
  const stock = recorded.runKernel!;
  const names: string[] = [];
  recorded.runKernel = function (name, ...rest) {
    names.push(name);
    return stock.call(this, name, ...rest);
  };
  return {names, stop: () => delete recorded.runKernel};
}

/** Expects NaN and infinities in the same places, and all else to agree to this part of the largest value. */
export function expectSame(ours: Tensor, stock: Tensor, bound = 0): void {
  expect(ours.shape).toEqual(stock.shape);
  const [got, expected] = [ours, stock].map(t => Array.from(t.dataSync()));
  const odd = (values: number[]) => values.map(x => (Number.isFinite(x) ? 0 : x));
  expect(odd(got)).toEqual(odd(expected));
  const rest = (values: number[]) => values.map(x => (Number.isFinite(x) ? x : 0));
  const error = worstError(rest(got), rest(expected));
  expect(error, `error ${error}`).toBeLessThanOrEqual(bound);
}
