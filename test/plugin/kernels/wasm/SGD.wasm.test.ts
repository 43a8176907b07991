import * as tf from '@tensorflow/tfjs-core';
import {testWasmOptimizer} from '../../../support/wasm_optimizer_suite.js';

testWasmOptimizer('LargeMarginSGD', {'gradient descent': () => tf.train.sgd(0.01)});
