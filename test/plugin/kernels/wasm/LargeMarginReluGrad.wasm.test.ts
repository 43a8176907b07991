import * as tf from '@tensorflow/tfjs-core';
import {testWasmGate} from '../../../support/wasm_gate_suite.js';

testWasmGate({
  name: 'LargeMarginReluGrad',
  activation: tf.relu,
  factor: x => (Number.isNaN(x) ? NaN : Number(x > 0)),
});
