import {
  conv2d,
  Conv2DBackpropInput,
  pad,
  reshape,
  reverse,
  slice,
  transpose,
  zeros,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import {checkTensors} from './check_tensors.js';
import {convInfo, makeFromPictures, type ConvAttrs, type Shape4D} from './conv_geometry.js';
import {CONV_SAMPLES, sampleSlopes} from './conv_samples.js';
import {pointerTo} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';

type Call = KernelCall<ConvAttrs & {inputShape: Shape4D}>;

/** The slope of a convolution's pictures: dy times the filter, transposed, is patches, which are added up. */
export const conv2DBackpropInput: WasmKernel = {
  name: Conv2DBackpropInput,
  run: (call: Call, module) => {
    const {backend, inputs, attrs} = call;
    const info = infoOf(call);
    const places = info.batchSize * info.outHeight * info.outWidth;
    const patch = info.filterHeight * info.filterWidth * info.inChannels;
    const scratchBytes = module.conv2DBackpropInputScratch(patch, places, info.outChannels);
    const making = {kernelName: Conv2DBackpropInput, shape: attrs.inputShape, scratchBytes};
    return makeFromPictures(call, module, info, making, (output, geometry, scratch) => {
      const [dy, filter] = [pointerTo(backend, inputs.dy), pointerTo(backend, inputs.filter)];
      module.conv2DBackpropInput(dy, filter, output, geometry, info.batchSize, info.outChannels, scratch);
    });
  },
  // dy, spread out by the strides, is convolved with the filter turned round.
  compose: (call: Call) => {
    const {dy, filter} = call.inputs as Record<string, Tensor4D>;
    const info = infoOf(call);
    // tfjs's convolution leaves the result of an empty sum as it found the memory.
    if (dy.size === 0 || filter.size === 0) return zeros(call.attrs.inputShape);
    const {filterHeight, filterWidth, dilationHeight, dilationWidth, padInfo, inHeight, inWidth} = info;
    const spread = spreadOut(dy, info.strideHeight, info.strideWidth);
    const [, height, width] = spread.shape;
    const top = (filterHeight - 1) * dilationHeight - padInfo.top;
    const left = (filterWidth - 1) * dilationWidth - padInfo.left;
    const placed = place(spread, [
      [top, inHeight - height + padInfo.top],
      [left, inWidth - width + padInfo.left],
    ]);
    const turned = transpose(reverse(filter, [0, 1]), [0, 1, 3, 2]) as Tensor4D;
    return conv2d(placed, turned, 1, 'valid', 'NHWC', [dilationHeight, dilationWidth]);
  },
  sample: () => sampleSlopes(Conv2DBackpropInput, CONV_SAMPLES, 'x'),
};

function infoOf({inputs: {dy, filter}, attrs}: Call) {
  const info = convInfo(Conv2DBackpropInput, attrs.inputShape, filter.shape as Shape4D, attrs);
  const {filterHeight, filterWidth, inChannels, outChannels, outShape} = info;
  checkTensors(Conv2DBackpropInput, {
    dy: [dy, outShape],
    filter: [filter, [filterHeight, filterWidth, inChannels, outChannels]],
  });
  return info;
}

/** Puts zeros between the rows and between the columns. */
function spreadOut(dy: Tensor4D, strideHeight: number, strideWidth: number): Tensor4D {
  const [batch, height, width, channels] = dy.shape;
  const rows = widen(dy, batch * height, width * channels, strideHeight);
  const both = widen(rows, batch * height * strideHeight * width, channels, strideWidth);
  const placed = reshape(both, [batch, height * strideHeight, width * strideWidth, channels]) as Tensor4D;
  return slice(placed, 0, [batch, (height - 1) * strideHeight + 1, (width - 1) * strideWidth + 1, channels]);
}

function widen(x: Tensor, count: number, size: number, times: number): Tensor {
  return pad(reshape(x, [count, 1, size]), [
    [0, 0],
    [0, times - 1],
    [0, 0],
  ]);
}

/** Pads the rows and columns, or cuts them off where the number is negative. */
function place(x: Tensor4D, [rows, columns]: Array<[number, number]>): Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const cut = ([before, after]: [number, number], size: number) =>
    [Math.max(0, -before), size - Math.max(0, -before) - Math.max(0, -after)] as const;
  const added = ([before, after]: [number, number]): [number, number] => [
    Math.max(0, before),
    Math.max(0, after),
  ];
  const [top, keptRows] = cut(rows, height);
  const [left, keptColumns] = cut(columns, width);
  const kept = slice(x, [0, top, left, 0], [batch, keptRows, keptColumns, channels]);
  return pad(kept, [[0, 0], added(rows), added(columns), [0, 0]]);
}
