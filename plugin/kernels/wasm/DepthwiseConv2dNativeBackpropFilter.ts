import {DepthwiseConv2dNativeBackpropFilter, mul, reshape, stack, sum, zeros} from '@tensorflow/tfjs-core';
import {checkTensors} from './check_tensors.js';
import {convInfo, makeFromPictures, type ConvAttrs, type Shape4D} from './conv_geometry.js';
import {DEPTHWISE_SAMPLES, sampleSlopes} from './conv_samples.js';
import {pointerTo} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';
import {isOnPicture, pixelsAt, windowsWith, windowTaps} from './window_taps.js';

type Call = KernelCall<ConvAttrs & {filterShape: Shape4D}>;

/** The slope of a depthwise convolution's filter: for each tap, what was under it times dy, summed over all places. */
export const depthwiseConv2dNativeBackpropFilter: WasmKernel = {
  name: DepthwiseConv2dNativeBackpropFilter,
  run: (call: Call, module) => {
    const {backend, inputs, attrs} = call;
    const info = infoOf(call);
    const [kernelName, shape] = [DepthwiseConv2dNativeBackpropFilter, attrs.filterShape];
    return makeFromPictures(call, module, info, {kernelName, shape}, (output, geometry) => {
      const [x, dy] = [pointerTo(backend, inputs.x), pointerTo(backend, inputs.dy)];
      module.depthwise(x, dy, output, geometry, info.batchSize, shape[3], 0);
    });
  },
  compose: (call: Call) => {
    const {x, dy} = call.inputs;
    const info = infoOf(call);
    const {filterShape} = call.attrs;
    if (x.size === 0 || dy.size === 0) return zeros(filterShape);
    const [channels, multiplier] = filterShape.slice(2);
    const parts = windowTaps(info).map(tap => {
      if (!isOnPicture(tap)) return zeros([channels, multiplier]);
      const pixels = reshape(pixelsAt(x, tap), [-1, channels, 1]);
      return sum(mul(pixels, reshape(windowsWith(dy, tap), [-1, channels, multiplier])), 0);
    });
    return reshape(stack(parts), filterShape);
  },
  sample: () => sampleSlopes(DepthwiseConv2dNativeBackpropFilter, DEPTHWISE_SAMPLES, 'filter'),
};

function infoOf({inputs: {x, dy}, attrs}: Call) {
  const info = convInfo(
    ...([DepthwiseConv2dNativeBackpropFilter, x.shape as Shape4D, attrs.filterShape, attrs, true] as const),
  );
  checkTensors(DepthwiseConv2dNativeBackpropFilter, {
    x: [x, [info.batchSize, info.inHeight, info.inWidth, attrs.filterShape[2]]],
    dy: [dy, info.outShape],
  });
  return info;
}
