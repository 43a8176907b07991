import {cast, grad, isNaN, mul, Relu, relu, step, tensor1d, where, type Tensor} from '@tensorflow/tfjs-core';
import {allFinite} from './all_finite.js';
import {FLOAT, isNative, nativeBackend, runOp} from './native_backend.js';
import {nativeGate} from './native_gate.js';
import type {NativeKernel} from './native_kernel.js';

const {own, run} = nativeGate('LargeMarginReluGrad', reluGrad);

/** dy where the input x, or the output, is above 0, in one operation. tfjs-node's Step, from which tfjs makes this gradient, is five. */
export const largeMarginReluGrad: NativeKernel = {
  name: 'ReluGrad',
  own,
  gradient: {
    of: Relu,
    // The result is above 0, or NaN, where the input is; the input need not be kept.
    replace: stock => ({
      kernelName: Relu,
      outputsToSave: [true],
      gradFunc: (dy, [y], attrs) =>
        isNative() ? {x: () => run(dy as Tensor, y)} : stock.gradFunc(dy, [y], attrs),
    }),
  },
  sample: () => {
    const x = tensor1d([-2, -0, 0, 1e-30, 3, Infinity, -Infinity, -1, 5, 7, -1]);
    const dy = tensor1d([1, 2, 3, 4, -5, 6, 7, Infinity, NaN, 1, NaN]);
    const slope = grad(relu);
    return [slope(x, dy), slope(tensor1d([1, NaN, -1]), tensor1d([1, 2, 3])), slope(tensor1d([1, -1]))];
  },
};

function reluGrad(dy: Tensor, x: Tensor): Tensor {
  // On a GPU to wait for an answer costs more than to compute both.
  if (nativeBackend().isUsingGpuDevice) return where(isNaN(x), x, runOp('ReluGrad', {T: FLOAT}, [dy, x])[0]);
  if (!allFinite(x)) return mul(dy, cast(step(x), 'float32'));
  return runOp('ReluGrad', {T: FLOAT}, [dy, x])[0];
}
