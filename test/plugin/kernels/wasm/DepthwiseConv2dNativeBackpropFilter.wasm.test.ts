import {DepthwiseConv2dNativeBackpropFilter} from '@tensorflow/tfjs-core';
import '../../../../plugin/kernels/wasm/index.js';
import {channelwiseShape, DILATED_WINDOWS} from '../../../support/window_cases.js';
import {testWindowKernel} from '../../../support/window_kernel_suite.js';
import {depthwiseSlopes} from '../../../support/window_oracles.js';

testWindowKernel({
  name: DepthwiseConv2dNativeBackpropFilter,
  inputs: conv => ({x: conv.x, dy: channelwiseShape(conv)}),
  attrs: ({filter, strides, pad, dilations = [1, 1]}) => ({filterShape: filter, strides, pad, dilations}),
  shape: ({filter}) => filter,
  expected: (conv, {x, dy}) => {
    const filter = new Float32Array(conv.filter.reduce((product, size) => product * size, 1));
    return depthwiseSlopes(conv, {x, dy, filter}).filter;
  },
  hasFilters: true,
  more: DILATED_WINDOWS,
});
