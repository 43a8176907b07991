import {Conv2DBackpropFilter} from '@tensorflow/tfjs-core';
import '../../../../plugin/kernels/wasm/index.js';
import {testConvSlope} from '../../../support/conv_kernel_suite.js';
import {filterSlope, outShapeOf} from '../../../support/conv_oracles.js';

testConvSlope({
  name: Conv2DBackpropFilter,
  inputs: conv => ({x: conv.x, dy: outShapeOf(conv)}),
  attrs: ({filter, strides, pad, dilations}) => ({
    filterShape: filter,
    strides,
    pad,
    dilations,
    dataFormat: 'NHWC',
  }),
  shape: ({filter}) => filter,
  expected: filterSlope,
});
