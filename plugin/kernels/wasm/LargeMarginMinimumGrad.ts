import {cast, less, mul, scalar, type Tensor} from '@tensorflow/tfjs-core';
import {runKernel} from '../run_kernel.js';
import {checkTensors} from './check_tensors.js';
import {random} from './samples.js';
import {makeTensor, numberIn, pointerTo} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';

const NAME = 'LargeMarginMinimumGrad';

/** dy where x is below a number, for the gradient of the smaller one of both; a product, so that NaN in dy stays. */
export const largeMarginMinimumGrad: WasmKernel = {
  name: NAME,
  run: ({inputs: {dy, x, limit}, backend}: KernelCall, module) => {
    checkTensors(NAME, {dy: [dy, x.shape], x: [x, x.shape]});
    return makeTensor(backend, {kernelName: NAME, shape: x.shape}, output => {
      const [from, slopes] = [pointerTo(backend, x), pointerTo(backend, dy)];
      module.minimumGrad(x.size, from, slopes, output, numberIn(backend, limit));
    });
  },
  compose: ({inputs: {dy, x, limit}}: KernelCall) => mul(dy, cast(less(x, limit), 'float32')),
  sample: () => {
    const x = random([3, 5], 1);
    return [random([3, 5], 2), x].map(dy => minimumSlope(dy, x, scalar(0.25)));
  },
};

/** Nothing is taped. */
export function minimumSlope(dy: Tensor, x: Tensor, limit: Tensor): Tensor {
  return runKernel(NAME, {dy, x, limit});
}
