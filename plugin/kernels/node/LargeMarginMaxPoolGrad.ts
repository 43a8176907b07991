import {
  backend_util,
  engine,
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
import {allFinite} from './all_finite.js';
import {FLOAT, isNative, NATIVE, runOp} from './native_backend.js';
import type {NativeKernel} from './native_kernel.js';
import {offTape} from './off_tape.js';

const LargeMarginMaxPoolGrad = 'LargeMarginMaxPoolGrad';

/**
 * Routes each window's dy to its maximum with oneDNN's pooling, forward pass included. TensorFlow's own gradient, which
 * an eager program gets, searches each window again on one core.
 */
export const largeMarginMaxPoolGrad: NativeKernel = {
  name: 'MaxPoolGrad',
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
  sample: () => {
    const sizes: Array<[number, number, 'same' | 'valid']> = [
      [2, 2, 'same'],
      [2, 2, 'valid'],
      [3, 2, 'same'],
      [3, 1, 'valid'],
      [2, 3, 'same'],
    ];
    return sizes.map(([size, stride, pad], i) => {
      // Rounded, so that windows hold ties; below 0 in part, in one case throughout.
      const x = sub(round(randomUniform([2, 7, 5, 3], -4, 4, 'float32', 7 + i)), i === 1 ? 5 : 0) as Tensor4D;
      const pool = (t: Tensor) => maxPool(t as Tensor4D, size, stride, pad);
      return grad(pool)(x, randomUniform(pool(x).shape, -1, 1, 'float32', 17 + i));
    });
  },
};

function run(dy: Tensor, x: Tensor, y: Tensor, attrs: NamedAttrMap): Tensor {
  const {filterSize, strides, pad} = attrs as unknown as MaxPoolGradAttrs;
  const constants = {x: offTape(x), y: offTape(y)};
  return engine().runKernel(LargeMarginMaxPoolGrad, {dy, ...constants}, {
    filterSize,
    strides,
    pad,
  } as unknown as NamedAttrMap) as Tensor;
}

function maxPoolGrad(dy: Tensor4D, x: Tensor4D, y: Tensor4D, attrs: NamedAttrMap): Tensor {
  // Where a window holds a NaN, oneDNN takes another place than TensorFlow does.
  if (!allFinite(x)) return engine().runKernel(MaxPoolGrad, {dy, input: x, output: y}, attrs) as Tensor;
  const {filterSize, strides, pad, dimRoundingMode} = attrs as unknown as MaxPoolGradAttrs;
  const info = backend_util.computePool2DInfo(x.shape, filterSize, strides, 1, pad, dimRoundingMode);
  const attributes = {
    T: FLOAT,
    ksize: [1, info.filterHeight, info.filterWidth, 1],
    strides: [1, info.strideHeight, info.strideWidth, 1],
    padding: info.padInfo.type,
    data_format: 'NHWC',
    workspace_enabled: true,
    _kernel: 'MklNameChangeOp',
  };
  const [pooled, workspace] = runOp('_MklNativeMaxPool', attributes, [x], 2);
  return runOp('_MklNativeMaxPoolGrad', attributes, [x, pooled, dy, workspace])[0];
}
