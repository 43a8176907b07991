import {cast, lessEqual, mul, Relu6, step} from '@tensorflow/tfjs-core';
import {wasmGate} from './wasm_gate.js';

/** dy where relu6's input is above 0 and at most 6: tfjs has a slope of 1 at 6. */
export const largeMarginRelu6Grad = wasmGate({
  name: 'LargeMarginRelu6Grad',
  of: Relu6,
  most: 6,
  compose: (dy, x) => mul(dy, cast(mul(lessEqual(x, 6), step(x)), 'float32')),
});
