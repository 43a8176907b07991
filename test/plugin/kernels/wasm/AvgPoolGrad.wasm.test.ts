import {AvgPoolGrad} from '@tensorflow/tfjs-core';
import '../../../../plugin/kernels/wasm/index.js';
import {channelwiseShape} from '../../../support/window_cases.js';
import {testWindowKernel} from '../../../support/window_kernel_suite.js';
import {avgPoolSlope} from '../../../support/window_oracles.js';

testWindowKernel({
  name: AvgPoolGrad,
  inputs: pool => ({dy: channelwiseShape(pool), input: pool.x}),
  attrs: ({filter, strides, pad}) => ({filterSize: filter.slice(0, 2), strides, pad}),
  shape: ({x}) => x,
  expected: (pool, {dy}) => avgPoolSlope(pool, dy),
  hasFilters: false,
});
