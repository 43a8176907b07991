import {Conv2D, conv2d, randomUniform, type Tensor4D} from '@tensorflow/tfjs-core';
import {convInfo, GEOMETRY_BYTES, writeGeometry, type ConvAttrs, type Shape4D} from './conv_geometry.js';
import {CONV_SAMPLES} from './conv_samples.js';
import {makeTensor, pointerTo} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';

type Call = KernelCall<ConvAttrs>;

/** A convolution, where tfjs has no threads for its own: our product is as fast there, and faster with relaxed SIMD. */
export const convolution: WasmKernel = {
  name: Conv2D,
  run: ({inputs: {x, filter}, attrs, backend, stock}: Call, module) => {
    const isFloat = x.dtype === 'float32' && filter.dtype === 'float32';
    // tfjs's threads share its memory. As to the rest: tfjs says what is wrong with it.
    const hasThreads = !(module.memory.buffer instanceof ArrayBuffer);
    if (hasThreads || !isFloat || attrs.dataFormat !== 'NHWC') return stock();
    const info = convInfo(Conv2D, x.shape as Shape4D, filter.shape as Shape4D, attrs);
    const {batchSize, outHeight, outWidth, outChannels, filterHeight, filterWidth, inChannels} = info;
    const patch = filterHeight * filterWidth * inChannels;
    const scratchBytes =
      GEOMETRY_BYTES + module.conv2DScratch(patch, batchSize * outHeight * outWidth, outChannels);
    return makeTensor(
      backend,
      {kernelName: Conv2D, shape: info.outShape, scratchBytes},
      (output, geometry) => {
        writeGeometry(module.memory, geometry, info);
        const [from, by] = [pointerTo(backend, x), pointerTo(backend, filter)];
        module.conv2D(from, by, output, geometry, batchSize, outChannels, geometry + GEOMETRY_BYTES);
      },
    );
  },
  compose: ({stock}: Call) => stock(),
  sample: () =>
    CONV_SAMPLES.map(({x, filter, strides, pad}, i) =>
      conv2d(
        randomUniform(x, -1, 1, 'float32', 1 + i) as Tensor4D,
        randomUniform(filter, -1, 1, 'float32', 9 + i) as Tensor4D,
        strides,
        pad,
      ),
    ),
};
