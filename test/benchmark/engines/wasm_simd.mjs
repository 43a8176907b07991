import {wasmEngine} from './wasm.mjs';

/** What plain Node runs. */
export const engine = wasmEngine({name: 'wasm-simd', title: 'wasm, SIMD', order: 7, variant: 'simd'});
