import * as tf from '@tensorflow/tfjs';
import {presets} from 'tfjs-large-margin';
import type {Recipe} from '../recipe.js';

/** Share of training labels that are flipped. */
export const NOISE = 0.8;

export {crossEntropy} from './cross_entropy.js';

/**
 * Batch statistics are inside the gradient, as in the authors' code. As constants (`npm start -- --only noise
 * --batch-statistics constant`) they teach more slowly here: after 3 epochs 95.6 and 95.9 % of the test pictures with
 * seeds 1 and 2, instead of 96.7 and 96.3.
 *
 * With 80 % flipped labels the strongest rival alone teaches nothing; a random one does (MarginOptions.rivals).
 */
export const largeMargin: Recipe = {
  name: 'large margin',
  description:
    "presets.authors('l2'), random rival, input + conv1 + conv2, batch norm, weight decay 1e-3 (of half the squares), " +
    'RMSProp (epsilon 1e-2), rate 0.1 falling to 2 %, gradients clipped to norm 5, batch 256, 3 epochs',
  // Factor of half the sum of squares. 5e-4 was tried too: 96.1 instead of 96.6 % of the validation pictures.
  net: {batchNorm: true, weightDecay: 1e-3},
  margin: {...presets.authors('l2'), rivals: 'random', layers: ['input', 'conv1_relu', 'conv2_relu']},
  optimizer: rate => tf.train.rmsprop(rate, 0.9, 0, 1e-2),
  learningRate: 0.1,
  batchSize: 256,
  epochs: 3,
  clipNorm: 5,
};

/** The strong baseline; it takes long, so that its stored result is shown unless --baselines asks for it. */
export const regularized: Recipe = {
  name: 'cross-entropy, regularized',
  description:
    'dropout 0.5, weight decay 1e-3 (of half the squares), Adam, rate 1e-3 falling to 2 %, batch 128, 10 epochs',
  net: {dropout: 0.5, weightDecay: 1e-3},
  optimizer: rate => tf.train.adam(rate),
  learningRate: 1e-3,
  batchSize: 128,
  epochs: 10,
};
