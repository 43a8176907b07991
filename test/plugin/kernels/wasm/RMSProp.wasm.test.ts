import * as tf from '@tensorflow/tfjs-core';
import {testWasmOptimizer} from '../../../support/wasm_optimizer_suite.js';

testWasmOptimizer('LargeMarginRMSProp', {
  'plain RMSProp': () => tf.train.rmsprop(0.01),
  'RMSProp with momentum': () => tf.train.rmsprop(0.01, 0.8, 0.5, 1e-6),
  'centered RMSProp': () => tf.train.rmsprop(0.01, 0.7, 0.3, 1e-6, true),
});
