import {cast, mul, Relu, step} from '@tensorflow/tfjs-core';
import {wasmGate} from './wasm_gate.js';

/** dy where relu's input is above 0. */
export const largeMarginReluGrad = wasmGate({
  name: 'LargeMarginReluGrad',
  of: Relu,
  most: Infinity,
  compose: (dy, x) => mul(dy, cast(step(x), 'float32')),
});
