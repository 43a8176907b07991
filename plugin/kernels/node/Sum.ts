import {grad, mul, randomUniform, Sum, sum, type Tensor} from '@tensorflow/tfjs-core';
import {areAllButLast} from '../column_axes.js';
import {columnSums} from './column_sums.js';
import type {NativeKernel} from './native_kernel.js';

/**
 * Sums over all axes but the last, as for the gradient of a bias, by the operation that TensorFlow has for just that.
 * All other sums are left to tfjs-node.
 */
export const columnSum: NativeKernel = {
  name: 'Sum',
  kernels: [
    {
      of: Sum,
      replace: stock => ({
        ...stock,
        kernelFunc: args => {
          const x = args.inputs.x as Tensor;
          const {axis, keepDims} = args.attrs as unknown as {axis: number | number[]; keepDims: boolean};
          if (keepDims || !areAllButLast(x, axis)) return stock.kernelFunc(args);
          return columnSums(x);
        },
      }),
    },
  ],
  sample: () => {
    const x = randomUniform([3, 2, 5, 20], -1, 1, 'float32', 1);
    const narrow = randomUniform([7, 3], -1, 1, 'float32', 2);
    const sums = (t: Tensor) => sum(t, [0, 1, 2]);
    return [
      sums(x),
      sum(x, 0),
      sum(x),
      sum(x, [2, 0, 1], true),
      sum(narrow, 0),
      grad(t => mul(sums(t), sums(t)))(x),
    ];
  },
};
