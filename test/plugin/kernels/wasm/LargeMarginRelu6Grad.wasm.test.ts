import * as tf from '@tensorflow/tfjs-core';
import {testWasmGate} from '../../../support/wasm_gate_suite.js';

testWasmGate({
  name: 'LargeMarginRelu6Grad',
  activation: tf.relu6,
  // tfjs has a slope of 1 at 6.
  factor: x => (Number.isNaN(x) ? NaN : Number(x > 0 && x <= 6)),
});
