import * as tf from '@tensorflow/tfjs';
import {presets} from 'tfjs-large-margin';
import type {Recipe} from '../recipe.js';

/** Largest change of a pixel, in units of 0..1. */
export const EPSILONS = [0.05, 0.1, 0.2, 0.3];
/** Where the question is asked, and stronger attacks are made. */
export const ASKED_EPSILON = 0.1;
export const ATTACKED = 1000;

export {crossEntropy} from './cross_entropy.js';

export const largeMargin: Recipe = {
  name: 'large margin',
  description:
    "presets.robust({norm: 'linf', gamma: 0.15, crossEntropyWeight: 0}), exact, all layers, Adam, " +
    'rate 1e-3 falling to 2 %, gradients clipped to norm 5, batch 128, 3 epochs',
  net: {},
  margin: presets.robust({norm: 'linf', gamma: 0.15, crossEntropyWeight: 0}),
  optimizer: rate => tf.train.adam(rate),
  learningRate: 1e-3,
  batchSize: 128,
  epochs: 3,
  clipNorm: 5,
};
