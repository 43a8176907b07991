import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel, LargeMarginOptimizer, schedules} from '../../../../plugin/index.js';
import {randomTensor} from '../../../support/randoms.js';
import {expectResumable} from '../../../support/training_resumed.js';
import {denseNet, labelsOf} from '../../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([7, 4], 1);
const y = labelsOf([0, 1, 2, 0, 1, 2, 1]);
const args = {epochs: 2, batchSize: 3, seed: 5, saveEvery: 1};

/** With seeds of its own in each process, of which the first must be gone on with. */
function wrapped(optimizer: tf.Optimizer, seed: number) {
  const model = new LargeMarginModel(denseNet({seed}), {gamma: 1, layers: ['input', 'hidden1'], seed});
  model.compile({optimizer, metrics: ['accuracy']});
  return {model, x, y, args};
}

describe('resumableFit of a LargeMarginModel', () => {
  it.each<[string, () => tf.Optimizer]>([
    ['sgd', () => tf.train.sgd(0.1)],
    ['momentum', () => tf.train.momentum(0.1, 0.9)],
    ['Nesterov momentum', () => tf.train.momentum(0.1, 0.9, true)],
    ['adagrad', () => tf.train.adagrad(0.1)],
    ['adadelta', () => tf.train.adadelta(1)],
    ['adam', () => tf.train.adam(0.1)],
    ['adamax', () => tf.train.adamax(0.1)],
    ['rmsprop', () => tf.train.rmsprop(0.1, 0.9, 0.5)],
  ])('goes on with %s as if never interrupted', async (_, make) => {
    const {saves, history} = await expectResumable(seed => wrapped(make(), seed));
    expect(saves).toBe(6);
    expect(history.epoch).toEqual([0, 1]);
  });

  it.each<[string, string, object]>([
    ['adam, accumulating over batches and epochs', 'adam', {accumulationSteps: 4}],
    [
      'sgd with a schedule, accumulating',
      'sgd',
      {learningRate: schedules.cosineDecay({initial: 0.1, decaySteps: 3}), accumulationSteps: 2},
    ],
    ['momentum, clipped', 'momentum', {globalClipNorm: 0.01}],
    [
      'rmsprop with a schedule',
      'rmsprop',
      {
        learningRate: schedules.exponentialDecay({initial: 0.1, decaySteps: 1, decayRate: 0.5}),
        clipValue: 0.5,
      },
    ],
  ])('goes on with a LargeMarginOptimizer: %s', async (_, inner, options) => {
    const {saves} = await expectResumable(seed => {
      const optimizer = new LargeMarginOptimizer(inner, options);
      optimizer.stream.seed = seed;
      return wrapped(optimizer, seed);
    });
    expect(saves).toBe(6);
  });
});
