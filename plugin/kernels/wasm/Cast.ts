import {Cast, tensor1d, type DataType, type Tensor} from '@tensorflow/tfjs-core';
import {runKernel} from '../run_kernel.js';
import {random} from './samples.js';
import {mayShareData, sharedData} from './shared_data.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';

/** A cast to the type that a tensor has, as gradients of products ask for, without a copy. All others are tfjs's. */
export const cast: WasmKernel = {
  name: Cast,
  run: ({inputs: {x}, attrs: {dtype}, backend, stock}: KernelCall<{dtype: DataType}>) =>
    x.dtype === dtype && mayShareData(backend, x) ? sharedData(backend, x) : stock(),
  compose: ({stock}: KernelCall) => stock(),
  sample: () => {
    const castTo = (x: Tensor, dtype: DataType) => runKernel(Cast, {x}, {dtype});
    const whole = tensor1d([1, -2], 'int32');
    return [castTo(random([3, 5], 1), 'float32'), castTo(whole, 'int32'), castTo(whole, 'float32')];
  },
};
