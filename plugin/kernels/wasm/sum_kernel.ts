import {backend_util, fill, util, type Tensor} from '@tensorflow/tfjs-core';
import {runKernel} from '../run_kernel.js';
import {rawTensor} from './raw_tensor.js';
import {random} from './samples.js';
import {makeTensor, pointerTo} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';

type Call = KernelCall<{axis: number | number[] | null; keepDims: boolean}>;

/** Numbers that lie side by side are left to tfjs where they are fewer. */
const WORTH_IT = 64;

/**
 * A kernel on wasm for sums, or means, over axes beside each other, as for a bias's gradient or the norm of each example.
 * tfjs adds one number at a time, and transposes first where the axes are not the last ones.
 */
export function sumKernel(name: string, isMean: boolean): WasmKernel {
  return {
    name,
    run: (call: Call, module) => {
      const {inputs, attrs, backend, stock} = call;
      const {x} = inputs;
      const axes = util.parseAxisParam(attrs.axis as number, x.shape).sort((a, b) => a - b);
      const [first, last] = [axes[0], axes[axes.length - 1]];
      const areBeside = axes.length > 0 && last - first === axes.length - 1;
      if (x.dtype !== 'float32' || x.size === 0 || !areBeside) return plain(call, isMean);
      const columns = util.sizeFromShape(x.shape.slice(last + 1));
      const size = util.sizeFromShape(x.shape.slice(first));
      if (columns === 1 && size < WORTH_IT) return stock();
      const scratchBytes = module.rowScratch(columns, 1);
      return makeTensor(
        backend,
        {kernelName: name, shape: shapeOf(call), scratchBytes},
        (output, scratch) => {
          const divisor = isMean ? size / columns : 1;
          module.sums(x.size / size, size, columns, pointerTo(backend, x), output, divisor, scratch);
        },
      );
    },
    compose: (call: Call) => plain(call, isMean),
    sample: () => {
      const sums = (x: Tensor, axis: number[], keepDims = false) => runKernel(name, {x}, {axis, keepDims});
      const odd = rawTensor([NaN, 1, Infinity, 2, 2, -Infinity, -Infinity, -0], [2, 4]);
      return [
        ...[
          [3, 5],
          [700, 3],
          [2, 1030],
          [5, 1],
        ].map((shape, i) => sums(random(shape, 1 + i), [0])),
        ...[
          [0, 1, 2],
          [1, 2],
          [2, 1, 3],
          [0, 1, 2, 3],
        ].map((axes, i) => sums(random([3, 4, 5, 7], 5 + i), axes, true)),
        sums(random([3, 2065], 9), [1]),
        sums(odd, [0]),
      ];
    },
  };
}

function shapeOf({inputs: {x}, attrs: {axis, keepDims}}: Call): number[] {
  const axes = util.parseAxisParam(axis as number, x.shape);
  const [shape] = backend_util.computeOutAndReduceShapes(x.shape, axes);
  return keepDims ? backend_util.expandShapeToKeepDim(shape, axes) : shape;
}

/** tfjs's own, which for sums of no numbers gives whatever lies in memory. */
function plain(call: Call, isMean: boolean) {
  const {x} = call.inputs;
  if (x.size > 0) return call.stock();
  return fill(shapeOf(call), isMean ? NaN : 0, isMean ? 'float32' : x.dtype);
}
