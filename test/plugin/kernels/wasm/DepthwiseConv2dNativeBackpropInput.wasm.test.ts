import {DepthwiseConv2dNativeBackpropInput} from '@tensorflow/tfjs-core';
import '../../../../plugin/kernels/wasm/index.js';
import {channelwiseShape, DILATED_WINDOWS} from '../../../support/window_cases.js';
import {testWindowKernel} from '../../../support/window_kernel_suite.js';
import {depthwiseInputSlope} from '../../../support/window_oracles.js';

testWindowKernel({
  name: DepthwiseConv2dNativeBackpropInput,
  inputs: conv => ({dy: channelwiseShape(conv), filter: conv.filter}),
  attrs: ({x, strides, pad, dilations = [1, 1]}) => ({inputShape: x, strides, pad, dilations}),
  shape: ({x}) => x,
  expected: (conv, {dy, filter}) => depthwiseInputSlope(conv, dy, filter),
  hasFilters: true,
  more: DILATED_WINDOWS,
});
