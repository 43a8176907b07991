import {DepthwiseConv2dNativeBackpropInput, mul, reshape, slice, sum, zeros} from '@tensorflow/tfjs-core';
import {checkTensors} from './check_tensors.js';
import {convInfo, makeFromPictures, type ConvAttrs, type Shape4D} from './conv_geometry.js';
import {DEPTHWISE_SAMPLES, sampleSlopes} from './conv_samples.js';
import {pointerTo} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';
import {isOnPicture, putBack, sumOf, windowsWith, windowTaps} from './window_taps.js';

type Call = KernelCall<ConvAttrs & {inputShape: Shape4D}>;

/** The slope of a depthwise convolution's pictures: each number of dy goes back to where its window was, times the filter. */
export const depthwiseConv2dNativeBackpropInput: WasmKernel = {
  name: DepthwiseConv2dNativeBackpropInput,
  run: (call: Call, module) => {
    const {backend, inputs, attrs} = call;
    const info = infoOf(call);
    const [kernelName, shape] = [DepthwiseConv2dNativeBackpropInput, attrs.inputShape];
    return makeFromPictures(call, module, info, {kernelName, shape}, (output, geometry) => {
      const [dy, filter] = [pointerTo(backend, inputs.dy), pointerTo(backend, inputs.filter)];
      module.depthwise(output, dy, filter, geometry, info.batchSize, inputs.filter.shape[3]!, 1);
    });
  },
  compose: (call: Call) => {
    const {dy, filter} = call.inputs;
    const info = infoOf(call);
    if (dy.size === 0 || filter.size === 0) return zeros(info.inShape);
    const multiplier = filter.shape[3]!;
    const {batchSize, inChannels} = info;
    const parts = windowTaps(info)
      .filter(isOnPicture)
      .map(tap => {
        const weights = slice(filter, [tap.row, tap.column, 0, 0], [1, 1, inChannels, multiplier]);
        const slopes = reshape(windowsWith(dy, tap), [-1, inChannels, multiplier]);
        const products = sum(mul(slopes, reshape(weights, [1, inChannels, multiplier])), 2);
        return putBack(reshape(products, [batchSize, tap.rows.count, tap.columns.count, inChannels]), tap);
      });
    return sumOf(parts, info.inShape);
  },
  sample: () => sampleSlopes(DepthwiseConv2dNativeBackpropInput, DEPTHWISE_SAMPLES, 'x'),
};

function infoOf({inputs: {dy, filter}, attrs}: Call) {
  const name = DepthwiseConv2dNativeBackpropInput;
  const info = convInfo(name, attrs.inputShape, filter.shape as Shape4D, attrs, true);
  const [height, width, , multiplier] = filter.shape as Shape4D;
  const filterShape = [height, width, info.inChannels, multiplier];
  checkTensors(name, {dy: [dy, info.outShape], filter: [filter, filterShape]});
  return info;
}
