import * as tf from '@tensorflow/tfjs-core';
import {beforeEach, describe, expect, it} from 'vitest';
import {wasmKernelReport} from '../../plugin/kernels/wasm/index.js';
import {
  memoryOf,
  pointerTo,
  WasmMemoryError,
  type WasmBackend,
} from '../../plugin/kernels/wasm/wasm_backend.js';
import {worstError} from '../support/expect_close.js';
import {callKernel, expectAllRunOn} from '../support/wasm_calls.js';
import {startWasmOn} from '../support/wasm_engine.js';
import {expectNothingHeld, watchHeap} from '../support/wasm_heap.js';
import {GRID, tensorsOf, type GridCase} from './wasm_kernels/grid.js';

const ours = new Set(wasmKernelReport().map(({name}) => name));
/** One small case of each kernel, and one that works in blocks. */
const cases = Object.entries(GRID).flatMap(([name, makeCases]) => {
  if (!ours.has(name)) return [];
  const all = makeCases();
  return [all[7], all[all.length - 1]];
});
const titled = cases.map((one, i) => [`${one.kernel}, ${i % 2 === 0 ? 'small' : 'large'}`, one] as const);

describe('the heap, which wasm kernels share with tfjs', () => {
  let backend: WasmBackend;
  const sizeOfHeap = () => memoryOf(backend)!.buffer.byteLength;
  beforeEach(async () => {
    backend = await startWasmOn('simd');
    expectAllRunOn('simd');
  });

  const run = ({kernel, attrs, expected}: GridCase, inputs: tf.NamedTensorMap) =>
    tf.tidy(() => worstError(callKernel(kernel, inputs, attrs).dataSync(), expected));

  it.each(titled)('may grow at every allocation of a call: %s', (_, one) => {
    const inputs = tensorsOf(one);
    const view = new Float32Array(memoryOf(backend)!.buffer);
    const {_malloc: take, _free: free} = backend.wasm;
    const sizes = [sizeOfHeap()];
    backend.wasm._malloc = bytes => {
      const pointer = take(bytes);
      // More than there is: the heap grows, and all views of it are dead.
      free(take(sizeOfHeap()));
      sizes.push(sizeOfHeap());
      return pointer;
    };
    const error = run(one, inputs);
    backend.wasm._malloc = take;
    expect(error).toBeLessThan(2e-6);
    expect(sizes.length).toBeGreaterThan(1);
    sizes.slice(1).forEach((size, i) => expect(size).toBeGreaterThan(sizes[i]));
    expect(view.length).toBe(0);
    tf.dispose(inputs);
  });

  it.each(titled)('may have no room at any allocation of a call: %s', (_, one) => {
    const inputs = tensorsOf(one);
    const {_malloc: take} = backend.wasm;
    let refused = 0;
    for (let from = 0; ; from++) {
      let calls = 0;
      backend.wasm._malloc = bytes => (calls++ < from ? take(bytes) : 0);
      let problem: unknown;
      expectNothingHeld(backend, () => {
        try {
          expect(run(one, inputs)).toBeLessThan(2e-6);
        } catch (error) {
          problem = error;
        }
      });
      if (problem === undefined) break;
      expect(problem).toBeInstanceOf(WasmMemoryError);
      expect(String(problem)).toContain(`${one.kernel}: expected `);
      refused++;
    }
    backend.wasm._malloc = take;
    expect(refused).toBeGreaterThan(0);
    expect(run(one, inputs)).toBeLessThan(2e-6);
    tf.dispose(inputs);
  });

  it.each(titled)('may have had no room for an input: %s', (_, one) => {
    const {_malloc: take} = backend.wasm;
    backend.wasm._malloc = () => 0;
    // What tfjs's operations do: they make a tensor at address 0 and go on.
    const inputs = Object.fromEntries(
      Object.entries(one.inputs).map(([name, {shape}]) => [
        name,
        tf.engine().makeTensorFromTensorInfo(backend.makeOutput(shape, 'float32')),
      ]),
    );
    backend.wasm._malloc = take;
    expectNothingHeld(backend, () => {
      expect(() => run(one, inputs)).toThrow(WasmMemoryError);
    });
    tf.dispose(inputs);
    const better = tensorsOf(one);
    expect(run(one, better)).toBeLessThan(2e-6);
    tf.dispose(better);
  });

  it('may be full in earnest, at 4 GiB, and before that beyond 2 GiB, where pointers are negative to tfjs', () => {
    const {wasm} = backend;
    const taken: number[] = [];
    const takeAll = (bytes: number, most = Infinity) => {
      for (let i = 0; i < most; i++) {
        const pointer = wasm._malloc(bytes) >>> 0;
        if (pointer === 0) return;
        taken.push(pointer);
      }
    };
    const GiB = 2 ** 30;
    takeAll(GiB, 3);
    expect(taken).toHaveLength(3);
    const heap = watchHeap(backend);
    for (const one of cases) {
      const inputs = tensorsOf(one);
      expect(run(one, inputs), one.kernel).toBeLessThan(2e-6);
      tf.dispose(inputs);
    }
    expect(heap.held()).toBe(0);
    heap.end();
    const high = tf.zeros([2 ** 22]);
    expect(pointerTo(backend, high)).toBeGreaterThan(2 ** 31);
    high.dispose();
    const large = cases.find(({kernel}) => kernel === tf.Conv2DBackpropFilter)!;
    const inputs = tensorsOf(large);
    for (let bytes = GiB; bytes >= 1024; bytes /= 2) takeAll(bytes);
    expect(sizeOfHeap()).toBeGreaterThan(3.9 * GiB);
    expectNothingHeld(backend, () => {
      expect(() => run(large, inputs)).toThrow(WasmMemoryError);
    });
    for (const pointer of taken) wasm._free(pointer);
    expect(run(large, inputs)).toBeLessThan(2e-6);
    tf.dispose(inputs);
  });
});
