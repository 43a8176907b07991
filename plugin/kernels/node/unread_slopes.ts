import {
  BatchMatMul,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  fused,
  grads,
  randomUniform,
  type KernelConfig,
  type KernelFunc,
  type Tensor4D,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import {defer} from './deferred.js';
import type {NativeKernel} from './native_kernel.js';

// Below it a product is done sooner than put off.
const LEAST_WORK = 1e6;

type Arguments = Parameters<KernelFunc>[0];

/**
 * tfjs computes all slopes of a convolution or dense layer without activation at once. Where only one is wanted, as
 * on a margin's walk and at a net's first layer, the others are not computed: nobody reads them.
 */
export const unreadSlopes: NativeKernel = {
  name: 'unread slopes',
  kernels: [
    {of: Conv2DBackpropInput, replace: deferring(({attrs}) => (attrs as {inputShape: number[]}).inputShape)},
    {
      of: Conv2DBackpropFilter,
      replace: deferring(({attrs}) => (attrs as {filterShape: number[]}).filterShape),
    },
    {of: BatchMatMul, replace: deferring(productShape)},
  ],
  sample: () => {
    const x = randomUniform([8, 12, 12, 8], -1, 1, 'float32', 1) as Tensor4D;
    const filter = randomUniform([3, 3, 8, 16], -1, 1, 'float32', 2) as Tensor4D;
    const [a, b] = [
      randomUniform([120, 100], -1, 1, 'float32', 3),
      randomUniform([100, 110], -1, 1, 'float32', 4),
    ];
    const conv = grads((x, filter) =>
      fused.conv2d({x: x as Tensor4D, filter: filter as Tensor4D, strides: 1, pad: 'same'}),
    );
    const dense = grads((a, b) => fused.matMul({a, b}));
    return [...conv([x, filter]), ...dense([a, b])];
  },
};

/** Puts a kernel off where its shape is known and its work is worth it. */
function deferring(shapeOf: (args: Arguments) => number[] | null) {
  return (stock: KernelConfig): KernelConfig => ({
    ...stock,
    kernelFunc: args => {
      const names = Object.keys(args.inputs);
      const inputs = Object.values(args.inputs) as TensorInfo[];
      const shape = shapeOf(args);
      const fits = shape !== null && inputs.every(({dtype}) => dtype === 'float32');
      if (!fits) return stock.kernelFunc(args);
      const named = (tensors: TensorInfo[]) => Object.fromEntries(names.map((name, i) => [name, tensors[i]]));
      const run = (tensors: TensorInfo[]) =>
        stock.kernelFunc({...args, inputs: named(tensors)}) as TensorInfo;
      return defer(shape, inputs, run);
    },
  });
}

/** The shape of a product of two stacks of as many matrices; null where it is small, or the stacks differ. */
function productShape({inputs, attrs}: Arguments): number[] | null {
  const [a, b] = [inputs.a as TensorInfo, inputs.b as TensorInfo];
  const {transposeA, transposeB} = attrs as {transposeA: boolean; transposeB: boolean};
  const stack = a.shape.slice(0, -2);
  if (stack.join() !== b.shape.slice(0, -2).join()) return null;
  const [rows, inner] = transposeA ? a.shape.slice(-2).reverse() : a.shape.slice(-2);
  const [, columns] = transposeB ? b.shape.slice(-2).reverse() : b.shape.slice(-2);
  const shape = [...stack, rows, columns];
  return shape.reduce((work, size) => work * size, inner) < LEAST_WORK ? null : shape;
}
