import {
  cast,
  grad,
  lessEqual,
  mul,
  Relu6,
  relu6,
  step,
  tensor1d,
  where,
  isNaN,
  type Tensor,
} from '@tensorflow/tfjs-core';
import {allFinite} from './all_finite.js';
import {FLOAT, isNative, nativeBackend, runOp} from './native_backend.js';
import {nativeGate} from './native_gate.js';
import type {NativeKernel} from './native_kernel.js';

const {own, run} = nativeGate('LargeMarginRelu6Grad', relu6Grad);

// tfjs has a slope of 1 at 6, TensorFlow 0. Times this, 6 becomes the float below 6 and the float above 6 becomes 6.
const JUST_BELOW_1 = 1 - 2 ** -24;

/** dy where 0 < x <= 6, in two operations. tfjs makes it from Step, which is five on tfjs-node, and four more. */
export const largeMarginRelu6Grad: NativeKernel = {
  name: 'Relu6Grad',
  own,
  gradient: {
    of: Relu6,
    replace: stock => ({
      ...stock,
      gradFunc: (dy, saved, attrs) =>
        isNative() ? {x: () => run(dy as Tensor, saved[0])} : stock.gradFunc(dy, saved, attrs),
    }),
  },
  sample: () => {
    const x = tensor1d([-2, -0, 0, 1e-30, 3, 6, 6 + 2 ** -21, 6 - 2 ** -21, 7, Infinity, -Infinity, 8]);
    const dy = tensor1d([1, 2, 3, 4, -5, 6, 7, 8, Infinity, NaN, 1, NaN]);
    const finite = tensor1d([-2, -0, 0, 1e-30, 3, 6, 6 + 2 ** -21, 6 - 2 ** -21, 7, 8]);
    const slope = grad(relu6);
    return [slope(x, dy), slope(tensor1d([1, NaN, 9]), tensor1d([1, 2, 3])), slope(finite)];
  },
};

function relu6Grad(dy: Tensor, x: Tensor): Tensor {
  const fast = () => runOp('Relu6Grad', {T: FLOAT}, [dy, mul(x, JUST_BELOW_1)])[0];
  // On a GPU to wait for an answer costs more than to compute both.
  if (nativeBackend().isUsingGpuDevice) return where(isNaN(x), x, fast());
  return allFinite(x) ? fast() : mul(dy, cast(mul(lessEqual(x, 6), step(x)), 'float32'));
}
