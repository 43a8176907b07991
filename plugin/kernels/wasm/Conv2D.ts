import {Conv2D, conv2d, type Tensor4D} from '@tensorflow/tfjs-core';
import {convInfo, makeFromPictures, type ConvAttrs, type Shape4D} from './conv_geometry.js';
import {CONV_SAMPLES} from './conv_samples.js';
import {random} from './samples.js';
import {isShared, memoryOf, pointerTo} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';

type Call = KernelCall<ConvAttrs>;

/** A convolution, where tfjs has no threads for its own: our product is as fast there, and faster with relaxed SIMD. */
export const convolution: WasmKernel = {
  name: Conv2D,
  leave: backend => (isShared(memoryOf(backend)!) ? "tfjs's own has threads here" : null),
  run: (call: Call, module) => {
    const {inputs, attrs, backend, stock} = call;
    const {x, filter} = inputs;
    const isFloat = x.dtype === 'float32' && filter.dtype === 'float32';
    // tfjs says what is wrong with the rest.
    if (!isFloat || attrs.dataFormat !== 'NHWC') return stock();
    const info = convInfo(Conv2D, x.shape as Shape4D, filter.shape as Shape4D, attrs);
    const {batchSize, outHeight, outWidth, outChannels, filterHeight, filterWidth, inChannels} = info;
    const patch = filterHeight * filterWidth * inChannels;
    const scratchBytes = module.conv2DScratch(patch, batchSize * outHeight * outWidth, outChannels);
    const making = {kernelName: Conv2D, shape: info.outShape, scratchBytes};
    return makeFromPictures(call, module, info, making, (output, geometry, scratch) => {
      const [from, by] = [pointerTo(backend, x), pointerTo(backend, filter)];
      module.conv2D(from, by, output, geometry, batchSize, outChannels, scratch);
    });
  },
  compose: ({stock}: Call) => stock(),
  sample: () =>
    CONV_SAMPLES.map(({x, filter, strides, pad}, i) =>
      conv2d(random(x, 1 + i) as Tensor4D, random(filter, 9 + i) as Tensor4D, strides, pad),
    ),
};
