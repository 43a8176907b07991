import * as tf from '@tensorflow/tfjs-core';
import {describeFasterStep} from '../../../support/optimizer_suite.js';

describeFasterStep(
  'Adam',
  {
    'with defaults': () => tf.train.adam(0.01),
    'with a large epsilon': () => tf.train.adam(0.02, 0.8, 0.99, 1e-2),
  },
  2e-5,
);
