import {
  Add,
  add,
  backend_util,
  Conv2D,
  conv2d,
  fused,
  FusedConv2D,
  grads,
  randomUniform,
  type Conv2DAttrs,
  type DataId,
  type KernelFunc,
  type NamedAttrMap,
  type Tensor,
  type Tensor4D,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import {defer, sourcesOf} from './deferred.js';
import {FLOAT, runOp} from './native_backend.js';
import type {NativeKernel} from './native_kernel.js';

/** How to convolve, by the results that are put off. */
const convolutions = new WeakMap<DataId, backend_util.Conv2DInfo>();

/**
 * A convolution and its bias in one operation of oneDNN. Where they come as two, as while a gradient is recorded, the
 * convolution is put off until it is known what is done with it.
 */
export const convolutionWithBias: NativeKernel = {
  name: 'Conv2D with bias',
  kernels: [
    {
      of: Conv2D,
      replace: stock => ({
        ...stock,
        kernelFunc: args => {
          const {x, filter} = args.inputs as Record<string, TensorInfo>;
          const info = convolutionInfo(x, filter, args.attrs as NamedAttrMap);
          if (info === null) return stock.kernelFunc(args);
          const run = ([x, filter]: TensorInfo[]) =>
            stock.kernelFunc({...args, inputs: {x, filter}}) as TensorInfo;
          const y = defer(info.outShape, [x, filter], run);
          convolutions.set(y.dataId, info);
          return y;
        },
      }),
    },
    {of: Add, replace: stock => ({...stock, kernelFunc: args => biased(args) ?? stock.kernelFunc(args)})},
    {
      of: FusedConv2D,
      replace: stock => ({
        ...stock,
        kernelFunc: args => {
          const {x, filter, bias} = args.inputs as Record<string, TensorInfo>;
          const attrs = args.attrs as NamedAttrMap;
          const info = bias && attrs.activation === 'linear' ? convolutionInfo(x, filter, attrs) : null;
          const fits = info !== null && isBias(bias, info.outShape);
          return fits ? convolve(x, filter, bias, info) : stock.kernelFunc(args);
        },
      }),
    },
  ],
  sample: () => {
    const x = randomUniform([2, 7, 6, 3], -1, 1, 'float32', 1);
    const filter = randomUniform([3, 2, 3, 5], -1, 1, 'float32', 2);
    const bias = randomUniform([5], -1, 1, 'float32', 3);
    const results = ([1, 2] as const).flatMap(strides =>
      (['same', 'valid'] as const).flatMap(pad => {
        const two = (x: Tensor, filter: Tensor, bias: Tensor) =>
          add(conv2d(x as Tensor4D, filter as Tensor4D, strides, pad), bias) as Tensor;
        const one = fused.conv2d({x: x as Tensor4D, filter: filter as Tensor4D, strides, pad, bias});
        return [two(x, filter, bias), one, ...grads(two)([x, filter, bias])];
      }),
    );
    const shared = conv2d(x as Tensor4D, filter as Tensor4D, 1, 'same');
    return [...results, add(shared, bias), add(bias, shared), shared, add(shared, shared)];
  },
};

function biased({inputs}: Parameters<KernelFunc>[0]): TensorInfo | null {
  const [a, b] = [inputs.a as TensorInfo, inputs.b as TensorInfo];
  const info = convolutions.get(a.dataId);
  const sources = info && isBias(b, a.shape) ? sourcesOf(a) : null;
  return info && sources ? convolve(sources[0], sources[1], b, info) : null;
}

function isBias({dtype, shape}: TensorInfo, of: number[]): boolean {
  return dtype === 'float32' && shape.length === 1 && shape[0] === of[of.length - 1];
}

/** Null where the operation with a bias is not known to do the same. */
function convolutionInfo(
  x: TensorInfo,
  filter: TensorInfo,
  attrs: NamedAttrMap,
): backend_util.Conv2DInfo | null {
  const {strides, pad, dataFormat, dilations, dimRoundingMode} = attrs as unknown as Conv2DAttrs;
  if (dataFormat !== 'NHWC' || x.dtype !== 'float32' || filter.dtype !== 'float32') return null;
  const [shape, kernel] = [x.shape, filter.shape] as Array<[number, number, number, number]>;
  const info = backend_util.computeConv2DInfo(shape, kernel, strides, dilations, pad, dimRoundingMode);
  const plain =
    info.dilationHeight === 1 && info.dilationWidth === 1 && info.outShape.every(size => size > 0);
  return plain && ['SAME', 'VALID'].includes(info.padInfo.type) ? info : null;
}

function convolve(
  x: TensorInfo,
  filter: TensorInfo,
  bias: TensorInfo,
  info: backend_util.Conv2DInfo,
): TensorInfo {
  const attributes = {
    T: FLOAT,
    strides: [1, info.strideHeight, info.strideWidth, 1],
    padding: info.padInfo.type,
    data_format: 'NHWC',
    dilations: [1, 1, 1, 1],
    use_cudnn_on_gpu: true,
    _kernel: 'MklNameChangeOp',
  };
  return runOp('_MklNativeConv2DWithBias', attributes, [x, filter, bias])[0];
}
