import * as tf from '@tensorflow/tfjs-core';
import {testWasmSum} from '../../../support/wasm_sum_suite.js';

testWasmSum(tf.Mean, tf.mean);
