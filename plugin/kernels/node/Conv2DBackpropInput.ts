import {
  backend_util,
  concat,
  conv2d,
  Conv2DBackpropInput,
  conv2dTranspose,
  depthToSpace,
  pad,
  randomUniform,
  reverse,
  slice,
  tidy,
  transpose,
  type Conv2DBackpropInputAttrs,
  type Rank,
  type Tensor4D,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import {allFinite} from './all_finite.js';
import type {NativeKernel} from './native_kernel.js';

/** TensorFlow computes this many channels at once, even where fewer are wanted. */
const CHANNELS_AT_ONCE = 16;

/** With fewer slopes than these there is nothing to gain. */
const SMALLEST = 2 ** 15;

/**
 * The gradient of a convolution at a picture of few channels, as a margin at the input wants it. TensorFlow computes it
 * as a convolution with as few outputs, most of whose work is for nothing. Here the outputs are blocks of pixels
 * instead: the filter is laid out once for each place in a block, and a stride as long as the block takes one step.
 */
export const conv2DBackpropInput: NativeKernel = {
  name: 'Conv2DBackpropInput',
  kernels: [
    {
      of: Conv2DBackpropInput,
      replace: stock => ({
        ...stock,
        kernelFunc: args => {
          const [dy, filter] = [args.inputs.dy, args.inputs.filter] as Tensor4D[];
          const attrs = args.attrs as unknown as Conv2DBackpropInputAttrs;
          const block = blockSize(dy, filter, attrs);
          // The zeros around a laid out filter would make NaN of infinities that it must not see.
          if (block === 1 || !allFinite(dy) || !allFinite(filter)) return stock.kernelFunc(args);
          return tidy(() => inBlocks(dy, filter, attrs, block)) as TensorInfo;
        },
      }),
    },
  ],
  sample: () => {
    const backprop = (shape: [number, number, number, number], size: number, padding: 'same' | 'valid') => {
      const [batch, height, width, channels] = shape;
      const less = padding === 'same' ? 0 : size - 1;
      const dy = randomUniform<Rank.R4>([batch, height - less, width - less, 8], -1, 1, 'float32', 1);
      const filter = randomUniform<Rank.R4>([size, size, channels, 8], -1, 1, 'float32', 2);
      return conv2dTranspose(dy, filter, shape, 1, padding);
    };
    return [
      backprop([20, 13, 16, 1], 5, 'same'),
      backprop([60, 12, 9, 3], 3, 'valid'),
      backprop([64, 8, 8, 2], 4, 'same'),
    ];
  },
};

/** How many pixels there are to a side of a block; 1 where TensorFlow's own way is as good. */
function blockSize(dy: Tensor4D, filter: Tensor4D, {strides, dataFormat}: Conv2DBackpropInputAttrs): number {
  const [height, width, channels] = filter.shape;
  const isPlain = dataFormat === 'NHWC' && [strides].flat().every(stride => stride === 1);
  const isWorthIt = dy.size >= SMALLEST && height * width > 1 && filter.shape[3] >= 8;
  return isPlain && isWorthIt ? Math.max(1, Math.floor(Math.sqrt(CHANNELS_AT_ONCE / channels))) : 1;
}

function inBlocks(dy: Tensor4D, filter: Tensor4D, attrs: Conv2DBackpropInputAttrs, block: number): Tensor4D {
  const {inputShape, pad: padding} = attrs;
  const {padInfo} = backend_util.computeConv2DInfo(inputShape, filter.shape, 1, 1, padding);
  const [rows, columns] = filter.shape;
  const [, height, width] = inputShape;
  const whole = (size: number) => Math.ceil(size / block) * block;
  // Before dy as much as makes the first pixel's window whole; behind it what the last block reads.
  const around = (size: number, before: number, made: number, total: number): [number, number] => [
    size - 1 - before,
    whole(total) + before - made,
  ];
  const vertical = around(rows, padInfo.top, dy.shape[1], height);
  const horizontal = around(columns, padInfo.left, dy.shape[2], width);
  // TensorFlow pads so itself, without a copy, where as much is wanted on both sides.
  const isSame =
    [vertical, horizontal].every(([before, after]) => before === after) &&
    height % block === 0 &&
    width % block === 0 &&
    dy.shape[1] === height &&
    dy.shape[2] === width;
  const padded = isSame ? dy : (pad(dy, [[0, 0], vertical, horizontal, [0, 0]]) as Tensor4D);
  const blocks = conv2d(padded, blockFilter(filter, block), block, isSame ? 'same' : 'valid');
  const pixels = depthToSpace(blocks, block);
  return isSame ? pixels : (slice(pixels, 0, inputShape) as Tensor4D);
}

/** The turned filter, once for each place in a block, [rows + block - 1, columns + block - 1, channels, block^2 x inputs]. */
function blockFilter(filter: Tensor4D, block: number): Tensor4D {
  const turned = transpose(reverse(filter, [0, 1]), [0, 1, 3, 2]) as Tensor4D;
  const places = Array.from({length: block * block}, (_, i) => [Math.floor(i / block), i % block]);
  const last = block - 1;
  const laid = places.map(
    ([row, column]) =>
    pad(turned, [[row, last - row], [column, last - column], [0, 0], [0, 0]]), // prettier-ignore
  );
  return concat(laid, 3) as Tensor4D;
}
