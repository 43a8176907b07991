import {Conv2DBackpropInput} from '@tensorflow/tfjs-core';
import '../../../../plugin/kernels/wasm/index.js';
import {testConvSlope} from '../../../support/conv_kernel_suite.js';
import {inputSlope, outShapeOf} from '../../../support/conv_oracles.js';

testConvSlope({
  name: Conv2DBackpropInput,
  inputs: conv => ({dy: outShapeOf(conv), filter: conv.filter}),
  attrs: ({x, strides, pad, dilations}) => ({inputShape: x, strides, pad, dilations, dataFormat: 'NHWC'}),
  shape: ({x}) => x,
  expected: inputSlope,
});
