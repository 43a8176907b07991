import {wasmEngine} from './wasm.mjs';

/** What pages run that may not share memory between threads. */
export const engine = wasmEngine({
  name: 'wasm-one-thread',
  title: 'wasm, SIMD, one thread',
  order: 9,
  variant: 'simd',
  threads: 1,
});
