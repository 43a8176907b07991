import {memory} from '@tensorflow/tfjs-core';
import {expect} from 'vitest';
import type {WasmBackend} from '../../plugin/kernels/wasm/wasm_backend.js';

/** Counts the blocks that tfjs and kernels take from the heap and give back. */
export function watchHeap({wasm}: Pick<WasmBackend, 'wasm'>) {
  // At their first call these put others in their place.
  wasm._free(wasm._malloc(8));
  const {_malloc: take, _free: free} = wasm;
  const held = new Set<number>();
  wasm._malloc = bytes => {
    const pointer = take(bytes);
    if (pointer !== 0) held.add(pointer >>> 0);
    return pointer;
  };
  wasm._free = pointer => {
    held.delete(pointer >>> 0);
    free(pointer);
  };
  return {
    /** Blocks taken since and not given back. */
    held: () => held.size,
    end: () => Object.assign(wasm, {_malloc: take, _free: free}),
  };
}

/** Expects f to leave neither tensor nor block of the heap behind, whether it ends or throws; f disposes of its result. */
export function expectNothingHeld(backend: WasmBackend, f: () => void): void {
  const heap = watchHeap(backend);
  const [tensors, data] = [memory().numTensors, backend.numDataIds()];
  try {
    f();
  } finally {
    heap.end();
    expect(
      {blocks: heap.held(), tensors: memory().numTensors, data: backend.numDataIds()},
      'left behind',
    ).toEqual({blocks: 0, tensors, data});
  }
}
