import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginOptimizer} from '../../plugin/large_margin_optimizer.js';
import {randomTensor} from '../support/randoms.js';
import {denseNet, labelsOf} from '../support/tiny_models.js';

const OPTIMIZERS: Record<string, () => tf.Optimizer> = {
  sgd: () => tf.train.sgd(0.05),
  momentum: () => tf.train.momentum(0.05, 0.9),
  adam: () => tf.train.adam(0.05),
  adamax: () => tf.train.adamax(0.05),
  rmsprop: () => tf.train.rmsprop(0.05, 0.9, 0.9),
  adagrad: () => tf.train.adagrad(0.05),
  adadelta: () => tf.train.adadelta(0.05),
};

const x = randomTensor<tf.Tensor2D>([6, 4], 7);
const y = labelsOf([0, 1, 2, 0, 1, 2]);

const weightsOf = (model: LayersModel, layer: string) =>
  model
    .getLayer(layer)
    .getWeights()
    .flatMap(weight => [...weight.dataSync()]);

const net = () => denseNet({units: [4, 4], classes: 3, activation: 'relu'});

/** Trains 3 steps, freezes a layer for 3, and lets it go for 3: what the frozen layer did meanwhile. */
async function freezeAndUnfreeze(model: LayersModel, optimizer: tf.Optimizer) {
  const train = async (trainable: boolean) => {
    model.getLayer('hidden1').trainable = trainable;
    model.compile({optimizer, loss: 'categoricalCrossentropy'});
    for (let step = 0; step < 3; step++) await model.trainOnBatch(x, y);
  };
  await train(true);
  const before = weightsOf(model, 'hidden1');
  await train(false);
  const after = weightsOf(model, 'hidden1');
  await train(true);
  const end = weightsOf(model, 'hidden1');
  const largest = (from: number[], to: number[]) =>
    Math.max(...from.map((value, i) => Math.abs(value - to[i])));
  return {frozen: largest(before, after), later: largest(after, end)};
}

describe('freezing and unfreezing a layer in the middle of a training', () => {
  const table: Record<string, Record<string, unknown>> = {};

  it.each(Object.keys(OPTIMIZERS))('moves it by exactly 0 and goes on afterwards: %s', async name => {
    const model = net();
    const optimizer = new LargeMarginOptimizer(OPTIMIZERS[name](), {model, gamma: 1, gradient: 'firstOrder'});
    const {frozen, later} = await freezeAndUnfreeze(model, optimizer);
    const plain = await freezeAndUnfreeze(net(), OPTIMIZERS[name]()).then(
      () => 'goes on',
      error => `throws: ${String(error).slice(0, 60)}`,
    );
    table[name] = {'moved while frozen': frozen, 'moved afterwards': later, 'plain tfjs': plain};
    expect(frozen).toBe(0);
    expect(later).toBeGreaterThan(0);
    expect(optimizer.iterations).toBe(9);
  });

  it('is what plain tfjs cannot do with slots by position, but for sgd', () => {
    console.table(table);
    const {sgd: _, ...others} = table;
    const plain = Object.values(others).map(row => String(row['plain tfjs']));
    expect(plain.filter(text => text.startsWith('throws')).length).toBe(plain.length);
  });
});
