import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {
  makeTensor,
  memoryOf,
  pointerTo,
  WasmMemoryError,
  type Making,
  type WasmBackend,
} from '../../../../plugin/kernels/wasm/wasm_backend.js';
import {restartWasm} from '../../../support/wasm_engine.js';
import {expectNothingHeld} from '../../../support/wasm_heap.js';

const PAGE = 65536;
const making: Making = {kernelName: 'Kernel', shape: [2, 3], scratchBytes: 100};

describe('memory of the wasm backend', () => {
  let backend: WasmBackend;
  beforeAll(async () => void (backend = await restartWasm()));

  /** Lets f run while the heap is full from the nth allocation on. */
  const onFullHeap = (from: number, f: () => void) => {
    const {_malloc: take} = backend.wasm;
    let calls = 0;
    backend.wasm._malloc = bytes => (++calls >= from ? 0 : take(bytes));
    try {
      f();
    } finally {
      backend.wasm._malloc = take;
    }
  };

  const floats = (pointer: number, count: number) =>
    new Float32Array(memoryOf(backend)!.buffer, pointer, count);

  it('is where the values of a tensor are read', () => {
    const x = tf.tensor([1, 2, 3]);
    expect(Array.from(floats(pointerTo(backend, x), 3))).toEqual([1, 2, 3]);
    x.dispose();
  });

  it('is found in both builds of tfjs, and said to be nowhere in others', () => {
    const memory = new WebAssembly.Memory({initial: 1});
    const found = (wasm: object | null) => memoryOf({wasm} as WasmBackend);
    expect(found({asm: {memory}})).toBe(memory);
    expect(found({wasmMemory: memory})).toBe(memory);
    for (const wasm of [{}, {asm: {}}, {asm: {memory: {buffer: new ArrayBuffer(8)}}}, null])
      expect(found(wasm)).toBeNull();
  });

  it('gives a tensor what f writes to it, and takes the scratch back', () => {
    expectNothingHeld(backend, () => {
      const info = makeTensor(backend, making, (output, scratch) => {
        expect(scratch % 8).toBe(0);
        floats(scratch, 25).fill(7);
        floats(output, 6).set([1, 2, 3, 4, 5, 6]);
      });
      expect(info).toMatchObject({shape: [2, 3], dtype: 'float32'});
      expect(Array.from(backend.readSync(info.dataId) as Float32Array)).toEqual([1, 2, 3, 4, 5, 6]);
      backend.disposeData(info.dataId);
    });
  });

  it('runs nothing for a tensor without values', () => {
    expectNothingHeld(backend, () => {
      const never = () => {
        throw new Error('ran');
      };
      const info = makeTensor(backend, {kernelName: 'Kernel', shape: [0, 3], scratchBytes: 100}, never);
      expect(info.shape).toEqual([0, 3]);
      backend.disposeData(info.dataId);
    });
  });

  it('is all given back where f throws, whose error comes through', () => {
    expectNothingHeld(backend, () => {
      const fails = () => {
        throw new RangeError('from f');
      };
      expect(() => makeTensor(backend, making, fails)).toThrow(new RangeError('from f'));
    });
  });

  it.each([
    ['the tensor', 1, 24],
    ['the scratch', 2, 100],
  ])('says so where there is none for %s, and goes on when there is', (_, from, bytes) => {
    const message = `Kernel: expected ${bytes} free bytes on the wasm heap; take smaller batches`;
    const write = (output: number) => void floats(output, 6).fill(5);
    expectNothingHeld(backend, () => {
      const before = floats(0, 16).slice();
      for (const expected of [WasmMemoryError, message])
        onFullHeap(from, () => expect(() => makeTensor(backend, making, write)).toThrow(expected));
      expect(floats(0, 16).slice()).toEqual(before);
      const info = makeTensor(backend, making, write);
      expect(Array.from(backend.readSync(info.dataId) as Float32Array)).toEqual(Array(6).fill(5));
      backend.disposeData(info.dataId);
    });
  });

  it('is not asked for more than there can be: 2^32 bytes and more would wrap round to a few', () => {
    expectNothingHeld(backend, () => {
      const shape = [2 ** 15, 2 ** 15 + 1];
      expect(() => makeTensor(backend, {kernelName: 'Kernel', shape}, () => {})).toThrow(
        `Kernel: expected ${4 * shape[0] * shape[1]} free bytes`,
      );
    });
  });

  it('gives no pointer to a tensor for which tfjs found no room: its values are nowhere', () => {
    const lost = {} as {x: tf.Tensor};
    onFullHeap(1, () => void (lost.x = tf.fill([4, 2], 3)));
    expect(() => pointerTo(backend, lost.x)).toThrow(WasmMemoryError);
    expect(() => pointerTo(backend, lost.x)).toThrow('the tensor [4,2]: expected 32 free bytes');
    lost.x.dispose();
  });

  it('passes on what tfjs throws while it makes the tensor', () => {
    const {makeOutput} = backend;
    backend.makeOutput = () => {
      throw new RangeError('from tfjs');
    };
    expectNothingHeld(backend, () => {
      expect(() => makeTensor(backend, making, () => {})).toThrow(new RangeError('from tfjs'));
    });
    backend.makeOutput = makeOutput;
  });

  it('is above 2 GiB where malloc gives a negative number', () => {
    const {_malloc: take, _free: free} = backend.wasm;
    const pointers: number[] = [];
    const freed: number[] = [];
    backend.wasm._malloc = bytes => (bytes === 100 ? -2147483648 : take(bytes));
    backend.wasm._free = pointer => void (pointer > 2 ** 31 - 1 ? freed.push(pointer) : free(pointer));
    const info = makeTensor(backend, making, (_, scratch) => void pointers.push(scratch));
    Object.assign(backend.wasm, {_malloc: take, _free: free});
    backend.disposeData(info.dataId);
    expect({pointers, freed}).toEqual({pointers: [2 ** 31], freed: [2 ** 31]});
  });

  it('may grow while a tensor is made: pointers stay, and views from before are dead', () => {
    const memory = memoryOf(backend)!;
    const x = tf.tensor([1, 2, 3]);
    const view = floats(pointerTo(backend, x), 3);
    // Larger than all that there is.
    const size = memory.buffer.byteLength / 4 + PAGE;
    expectNothingHeld(backend, () => {
      const grown = {kernelName: 'Kernel', shape: [size], scratchBytes: 4 * size};
      const info = makeTensor(backend, grown, (output, scratch) => {
        expect(view.length).toBe(0);
        expect(Array.from(floats(pointerTo(backend, x), 3))).toEqual([1, 2, 3]);
        floats(scratch, size).fill(2);
        floats(output, size).fill(1);
      });
      const values = backend.readSync(info.dataId) as Float32Array;
      expect([values.length, values[0], values[size - 1]]).toEqual([size, 1, 1]);
      backend.disposeData(info.dataId);
    });
    x.dispose();
  });
});
