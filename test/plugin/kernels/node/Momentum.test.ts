import * as tf from '@tensorflow/tfjs-core';
import {describeFasterStep} from '../../../support/optimizer_suite.js';

describeFasterStep(
  'Momentum',
  {
    plain: () => tf.train.momentum(0.01, 0.9),
    "Nesterov's": () => tf.train.momentum(0.01, 0.5, true),
  },
  1e-6,
);
