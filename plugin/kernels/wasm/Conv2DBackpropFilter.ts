import {
  conv2d,
  Conv2DBackpropFilter,
  pad,
  slice,
  transpose,
  zeros,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import {checkTensors} from './check_tensors.js';
import {convInfo, makeFromPictures, type ConvAttrs, type Shape4D} from './conv_geometry.js';
import {CONV_SAMPLES, sampleSlopes} from './conv_samples.js';
import {pointerTo} from './wasm_backend.js';
import type {WasmKernel, KernelCall} from './wasm_kernel.js';

type Call = KernelCall<ConvAttrs & {filterShape: Shape4D}>;

/**
 * The slope of a convolution's filter: patches of x, transposed, times dy. The patches are never written out. What they
 * have beyond the edge counts as 0: times an infinite dy that is NaN, where TensorFlow leaves it out.
 */
export const conv2DBackpropFilter: WasmKernel = {
  name: Conv2DBackpropFilter,
  run: (call: Call, module) => {
    const {inputs, attrs, backend} = call;
    const {x, dy} = inputs;
    const info = infoOf(call);
    const [rows, columns] = [info.filterHeight * info.filterWidth * info.inChannels, info.outChannels];
    const terms = info.batchSize * info.outHeight * info.outWidth;
    const scratchBytes = module.gemmScratch(rows, terms, columns);
    const making = {kernelName: Conv2DBackpropFilter, shape: attrs.filterShape, scratchBytes};
    return makeFromPictures(call, module, info, making, (output, geometry, scratch) => {
      const [a, b] = [pointerTo(backend, x), pointerTo(backend, dy)];
      module.gemm(rows, terms, columns, a, 0, 0, geometry, b, columns, 1, output, columns, 0, scratch);
    });
  },
  // Pictures become channels: dy, spread out by the strides, is the filter that slides over x.
  compose: (call: Call) => {
    const {x, dy} = call.inputs as Record<string, Tensor4D>;
    const info = infoOf(call);
    // tfjs's convolution leaves the result of an empty sum as it found the memory.
    if (x.size === 0 || dy.size === 0) return zeros(call.attrs.filterShape);
    const {top, bottom, left, right} = info.padInfo;
    const padded = pad(x, [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ]);
    const slid = conv2d(
      transpose(padded, [3, 1, 2, 0]) as Tensor4D,
      transpose(dy, [1, 2, 0, 3]) as Tensor4D,
      [info.dilationHeight, info.dilationWidth],
      'valid',
      'NHWC',
      [info.strideHeight, info.strideWidth],
    );
    const {filterHeight, filterWidth, inChannels, outChannels} = info;
    return transpose(slice(slid, 0, [inChannels, filterHeight, filterWidth, outChannels]), [1, 2, 0, 3]);
  },
  sample: () => sampleSlopes(Conv2DBackpropFilter, CONV_SAMPLES, 'filter'),
};

function infoOf({inputs: {x, dy}, attrs}: Call) {
  const {filterShape} = attrs;
  const info = convInfo(Conv2DBackpropFilter, x.shape as Shape4D, filterShape, attrs);
  const [height, width, , outChannels] = filterShape;
  checkTensors(Conv2DBackpropFilter, {
    x: [x, info.inShape],
    dy: [dy, info.outShape],
    filter: [{dtype: 'float32', shape: filterShape}, [height, width, info.inChannels, outChannels]],
  });
  return info;
}
