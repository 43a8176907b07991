import {DepthwiseConv2dNativeBackpropFilter} from '@tensorflow/tfjs-core';
import '../../../../plugin/kernels/wasm/index.js';
import {channelwiseShape, DILATED_WINDOWS} from '../../../support/window_cases.js';
import {testWindowKernel} from '../../../support/window_kernel_suite.js';
import {depthwiseFilterSlope} from '../../../support/window_oracles.js';

testWindowKernel({
  name: DepthwiseConv2dNativeBackpropFilter,
  inputs: conv => ({x: conv.x, dy: channelwiseShape(conv)}),
  attrs: ({filter, strides, pad, dilations = [1, 1]}) => ({filterShape: filter, strides, pad, dilations}),
  shape: ({filter}) => filter,
  expected: (conv, {x, dy}) => depthwiseFilterSlope(conv, x, dy),
  hasFilters: true,
  more: DILATED_WINDOWS,
});
