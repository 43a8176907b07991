import * as tf from '@tensorflow/tfjs-core';
import {describeFasterStep} from '../../../support/optimizer_suite.js';

describeFasterStep(
  'RMSProp',
  {
    plain: () => tf.train.rmsprop(0.01),
    'with momentum': () => tf.train.rmsprop(0.01, 0.8, 0.5, 1e-6),
    centered: () => tf.train.rmsprop(0.01, 0.7, 0.3, 1e-9, true),
  },
  1e-5,
);
