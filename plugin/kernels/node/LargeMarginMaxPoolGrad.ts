import {
  grad,
  MaxPool,
  maxPool,
  MaxPoolGrad,
  randomUniform,
  round,
  sub,
  tidy,
  zerosLike,
  type MaxPoolGradAttrs,
  type NamedAttrMap,
  type Tensor,
  type Tensor4D,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import {gatherMaxima} from '../../gradients/MaxPoolGrad.js';
import {isNative, NATIVE} from './native_backend.js';
import type {NativeKernel} from './native_kernel.js';
import {offTape} from '../off_tape.js';
import {runKernel} from '../run_kernel.js';
import {canPool, forgetPlaces, pool, poolGradient} from './one_dnn_pool.js';

const LargeMarginMaxPoolGrad = 'LargeMarginMaxPoolGrad';

/**
 * Max pooling by oneDNN, and its gradient, which routes each window's dy to its maximum. The gradient that TensorFlow
 * gives an eager program searches each window again, on one core.
 */
export const largeMarginMaxPoolGrad: NativeKernel = {
  name: 'MaxPool',
  own: {
    kernel: {
      kernelName: LargeMarginMaxPoolGrad,
      backendName: NATIVE,
      kernelFunc: ({inputs, attrs}) => {
        const {dy, x, y} = inputs as Record<string, Tensor4D>;
        return tidy(() => maxPoolGrad(dy, x, y, attrs as NamedAttrMap)) as TensorInfo;
      },
    },
    gradient: {
      kernelName: LargeMarginMaxPoolGrad,
      inputsToSave: ['x', 'y'],
      gradFunc: (g, saved, attrs) => {
        const [x, y] = saved as Tensor4D[];
        const route = (dy: Tensor4D) => run(dy, x, y, attrs) as Tensor4D;
        return {
          dy: () => tidy(() => gatherMaxima(g as Tensor4D, y.shape, x.shape, route, attrs)),
          x: () => zerosLike(x),
          y: () => zerosLike(y),
        };
      },
    },
  },
  gradient: {
    of: MaxPool,
    replace: stock => ({
      ...stock,
      gradFunc: (dy, saved, attrs) =>
        isNative()
          ? {x: () => run(dy as Tensor, saved[0], saved[1], attrs)}
          : stock.gradFunc(dy, saved, attrs),
    }),
  },
  kernels: [
    {
      of: MaxPool,
      replace: stock => ({
        ...stock,
        kernelFunc: args => {
          const x = args.inputs.x as Tensor4D;
          const attrs = args.attrs as NamedAttrMap;
          return canPool(x, attrs) ? pool(x, attrs) : stock.kernelFunc(args);
        },
      }),
    },
  ],
  remove: forgetPlaces,
  sample: () => {
    const sizes: Array<[number, number, 'same' | 'valid']> = [
      [2, 2, 'same'],
      [2, 2, 'valid'],
      [3, 2, 'same'],
      [3, 1, 'valid'],
      [2, 3, 'same'],
    ];
    return sizes.flatMap(([size, stride, pad], i) => {
      // Rounded, so that windows hold ties; below 0 in part, in one case throughout.
      const x = sub(round(randomUniform([2, 7, 5, 3], -4, 4, 'float32', 7 + i)), i === 1 ? 5 : 0) as Tensor4D;
      const pooling = (t: Tensor) => maxPool(t as Tensor4D, size, stride, pad);
      const y = pooling(x);
      return [y, grad(pooling)(x, randomUniform(y.shape, -1, 1, 'float32', 17 + i))];
    });
  },
};

function run(dy: Tensor, x: Tensor, y: Tensor, attrs: NamedAttrMap): Tensor {
  const {filterSize, strides, pad} = attrs as unknown as MaxPoolGradAttrs;
  const constants = {x: offTape(x), y: offTape(y)};
  return runKernel(LargeMarginMaxPoolGrad, {dy, ...constants}, {filterSize, strides, pad});
}

function maxPoolGrad(dy: Tensor4D, x: Tensor4D, y: Tensor4D, attrs: NamedAttrMap): Tensor {
  if (canPool(x, attrs)) return poolGradient(dy, x, y, attrs);
  return runKernel(MaxPoolGrad, {dy, input: x, output: y}, attrs);
}
