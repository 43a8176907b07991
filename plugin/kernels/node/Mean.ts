import {
  div,
  grad,
  Mean,
  mean,
  randomUniform,
  square,
  tidy,
  type MeanAttrs,
  type Tensor,
} from '@tensorflow/tfjs-core';
import {areAllButLast} from '../column_axes.js';
import {columnSums} from './column_sums.js';
import {isNative} from './native_backend.js';
import {meanSlope} from '../mean_slope.js';
import {isTaped} from '../off_tape.js';
import type {NativeKernel} from './native_kernel.js';

/**
 * Means over all axes but the last, as of batch statistics, from the faster sums. The gradient of any mean is spread
 * in one pass instead of three.
 */
export const columnMean: NativeKernel = {
  name: 'Mean',
  kernels: [
    {
      of: Mean,
      replace: stock => ({
        ...stock,
        kernelFunc: args => {
          const x = args.inputs.x as Tensor;
          const {axis, keepDims} = args.attrs as unknown as MeanAttrs & {keepDims: boolean};
          if (keepDims || !areAllButLast(x, axis)) return stock.kernelFunc(args);
          return tidy(() => div(columnSums(x), x.size / x.shape[x.rank - 1]));
        },
      }),
    },
  ],
  gradient: {
    of: Mean,
    replace: stock => ({
      ...stock,
      // A second derivative goes through tfjs's own gradient.
      gradFunc: (dy, saved, attrs) =>
        isNative() && !isTaped() && saved[0].size > 0
          ? {x: () => meanSlope(dy as Tensor, saved[0], attrs)}
          : stock.gradFunc(dy, saved, attrs),
    }),
  },
  sample: () => {
    const x = randomUniform([3, 2, 5, 20], -1, 1, 'float32', 1);
    const means = (t: Tensor, axis?: number[]) => mean(square(t), axis);
    const axes = [[0, 1, 2], [0], [1, 3], undefined];
    return axes.flatMap(axis => [means(x, axis), grad(t => means(t, axis))(x)]);
  },
};
