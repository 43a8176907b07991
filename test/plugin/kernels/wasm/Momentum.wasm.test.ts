import * as tf from '@tensorflow/tfjs-core';
import {testWasmOptimizer} from '../../../support/wasm_optimizer_suite.js';

testWasmOptimizer('LargeMarginMomentum', {
  momentum: () => tf.train.momentum(0.01, 0.9),
  "Nesterov's momentum": () => tf.train.momentum(0.01, 0.7, true),
});
