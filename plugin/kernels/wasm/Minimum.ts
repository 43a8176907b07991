import {greater, Minimum, scalar, where, type Tensor} from '@tensorflow/tfjs-core';
import {isTaped} from '../off_tape.js';
import {runKernel} from '../run_kernel.js';
import {minimumSlope} from './LargeMarginMinimumGrad.js';
import {rawTensor} from './raw_tensor.js';
import {random} from './samples.js';
import {isWasm, makeTensor, numberIn, pointerTo} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';

/**
 * The smaller one of a number and each of a tensor, as relu6 of tfjs-layers asks for, min(6, relu(x)): tfjs spreads the number
 * out, and takes it for NaN. All others are tfjs's, and so are second derivatives.
 */
export const minimum: WasmKernel = {
  name: Minimum,
  run: ({inputs, backend, stock}: KernelCall, module) => {
    const found = limitOf(inputs.a, inputs.b);
    if (!found) return stock();
    const {limit, x} = found;
    return makeTensor(backend, {kernelName: Minimum, shape: x.shape}, output => {
      module.minimum(x.size, pointerTo(backend, x), output, numberIn(backend, limit));
    });
  },
  compose: ({inputs: {a, b}, stock}: KernelCall) => {
    const found = limitOf(a, b);
    return found ? where(greater(found.x, found.limit), found.limit, found.x) : stock();
  },
  sample: () => {
    const odd = rawTensor([NaN, Infinity, -Infinity, -0, 7], [5]);
    const limit = scalar(0.25);
    const pairs = [
      ...[[limit, random([3, 5], 1)] as const, [random([33], 2), limit] as const],
      ...[[limit, odd] as const, [random([3, 5], 3), random([3, 5], 4)] as const],
    ];
    return pairs.map(([a, b]) => runKernel(Minimum, {a, b}));
  },
  gradient: {
    of: Minimum,
    replace: stock => ({
      ...stock,
      gradFunc: (dy, saved, attrs) => {
        const slopes = stock.gradFunc(dy, saved, attrs);
        const [a, b] = saved;
        const isOurs = isWasm() && !isTaped() && a.size === 1 && limitOf(a, b)?.limit === a;
        return isOurs ? {...slopes, b: () => minimumSlope(dy as Tensor, b, a)} : slopes;
      },
    }),
  },
};

/** Which one is the number, if both are float32 and the other one gives the shape. */
function limitOf(a: Tensor, b: Tensor): {limit: Tensor; x: Tensor} | null {
  const [limit, x] = a.size === 1 ? [a, b] : [b, a];
  const fits = limit.size === 1 && limit.rank <= x.rank && x.size > 0;
  return fits && a.dtype === 'float32' && b.dtype === 'float32' ? {limit, x} : null;
}
