import * as tf from '@tensorflow/tfjs-core';
import {describeFasterStep} from '../../../support/optimizer_suite.js';

describeFasterStep(
  'gradient descent',
  {
    plain: () => tf.train.sgd(0.01),
  },
  1e-6,
);
