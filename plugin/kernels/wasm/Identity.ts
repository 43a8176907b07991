import {clone, Identity, tensor1d} from '@tensorflow/tfjs-core';
import {random} from './samples.js';
import {mayShareData, sharedData} from './shared_data.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';

/** A clone, as is made of all that a gradient needs later, without the copy that tfjs makes on wasm. */
export const identity: WasmKernel = {
  name: Identity,
  run: ({inputs: {x}, backend, stock}: KernelCall) =>
    mayShareData(backend, x) ? sharedData(backend, x) : stock(),
  compose: ({stock}: KernelCall) => stock(),
  sample: () => [clone(random([3, 5], 1)), clone(tensor1d([1, -2], 'int32'))],
};
