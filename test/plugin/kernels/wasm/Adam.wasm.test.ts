import * as tf from '@tensorflow/tfjs-core';
import {testWasmOptimizer} from '../../../support/wasm_optimizer_suite.js';

testWasmOptimizer('LargeMarginAdam', {
  Adam: () => tf.train.adam(0.01),
  'Adam with a large epsilon': () => tf.train.adam(0.02, 0.8, 0.99, 1e-2),
});
