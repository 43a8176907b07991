import {mul, stack, sub, sum, type Tensor} from '@tensorflow/tfjs-core';
import {runKernel} from '../run_kernel.js';
import {checkTensors} from './check_tensors.js';
import {rawTensor} from './raw_tensor.js';
import {random} from './samples.js';
import {makeTensor, pointerTo} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';

const NAME = 'LargeMarginBatchNormSums';

/** For the gradient of batch normalization, in one pass: the sums over all axes but the last of dy and of dy (x - mean). */
export const largeMarginBatchNormSums: WasmKernel = {
  name: NAME,
  run: ({inputs: {dy, x, mean}, backend}: KernelCall, module) => {
    const {size} = mean;
    checkTensors(NAME, {dy: [dy, x.shape], x: [x, x.shape], mean: [mean, x.shape.slice(3)]});
    const making = {kernelName: NAME, shape: [2, size], scratchBytes: module.rowScratch(size, 3)};
    return makeTensor(backend, making, (output, scratch) => {
      const [from, values, means] = [dy, x, mean].map(tensor => pointerTo(backend, tensor));
      module.batchNormSums(x.size, size, from, values, means, output, scratch);
    });
  },
  compose: ({inputs: {dy, x, mean}}: KernelCall) =>
    stack([sum(dy, [0, 1, 2]), sum(mul(dy, sub(x, mean)), [0, 1, 2])]),
  sample: () => {
    const odd = [NaN, 1, Infinity, 2, 2, -Infinity, -Infinity, -0];
    return [
      batchNormSums(random([3, 2, 5, 7], 1), random([3, 2, 5, 7], 2, -1, 2), random([7], 3)),
      batchNormSums(random([9, 9, 9, 3], 4), random([9, 9, 9, 3], 5, -1, 2), random([3], 6)),
      batchNormSums(rawTensor(odd, [2, 1, 1, 4]), random([2, 1, 1, 4], 7), random([4], 8)),
    ];
  },
};

/** [2, channels] for dy and x [batch, height, width, channels] and mean [channels]. Nothing is taped. */
export function batchNormSums(dy: Tensor, x: Tensor, mean: Tensor): Tensor {
  return runKernel(NAME, {dy, x, mean});
}
