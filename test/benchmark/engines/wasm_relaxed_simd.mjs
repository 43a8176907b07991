import {wasmEngine} from './wasm.mjs';

/** What browsers run that have relaxed SIMD. */
export const engine = wasmEngine({
  name: 'wasm-relaxed-simd',
  title: 'wasm, relaxed SIMD',
  order: 8,
  variant: 'relaxed-simd',
});
