import * as tf from '@tensorflow/tfjs';
import type {Recipe} from '../recipe.js';

/** The baseline of both questions. */
export const crossEntropy: Recipe = {
  name: 'cross-entropy',
  description: 'Adam, rate 1e-3 falling to 2 %, batch 128, 3 epochs',
  net: {},
  optimizer: rate => tf.train.adam(rate),
  learningRate: 1e-3,
  batchSize: 128,
  epochs: 3,
};
