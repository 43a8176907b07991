import * as tf from '@tensorflow/tfjs-core';
import {loadLayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel, type LargeMarginModelOptions} from '../../../plugin/index.js';
import {expectClose} from '../../support/expect_close.js';
import {memoryStore} from '../../support/memory_store.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 3, 1, 0], 4);

async function trained(options: LargeMarginModelOptions, optimizer: tf.Optimizer | string, steps = 3) {
  const model = new LargeMarginModel(denseNet({classes: 4}), options);
  model.compile({optimizer, metrics: ['accuracy']});
  for (let step = 0; step < steps; step++) await model.trainOnBatch(x, y);
  return model;
}

async function reloaded(model: LargeMarginModel, includeOptimizer = true): Promise<LargeMarginModel> {
  const store = memoryStore();
  await model.save(store, {includeOptimizer});
  return (await loadLayersModel(store)) as LargeMarginModel;
}

const optimizers: Array<[string, () => tf.Optimizer]> = [
  ['sgd', () => tf.train.sgd(0.1)],
  ['momentum', () => tf.train.momentum(0.1, 0.9)],
  ['momentum with Nesterov', () => tf.train.momentum(0.1, 0.9, true)],
  ['rmsprop', () => tf.train.rmsprop(0.01, 0.9, 0.5, 1e-2)],
  ['adam', () => tf.train.adam(0.01, 0.8, 0.95)],
];

describe('a model saved with its optimizer and loaded again', () => {
  it.each(optimizers)('takes the same next steps (%s)', async (_, make) => {
    const model = await trained({gamma: 2}, make());
    const loaded = await reloaded(model);
    for (let step = 0; step < 3; step++) {
      const [ours, theirs] = [await model.trainOnBatch(x, y), await loaded.trainOnBatch(x, y)];
      expectClose(theirs as number[], ours as number[], 1e-6);
      expectClose(weightsOf(loaded).flat(), weightsOf(model).flat(), 1e-6);
    }
  });

  it('is compiled as it was: label loss and metrics', async () => {
    const model = new LargeMarginModel(denseNet({classes: 4}), {gamma: 2});
    model.compile({optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy']});
    const indices = tf.tensor2d([[0], [1], [2], [3], [1], [0]]);
    await model.trainOnBatch(x, indices);
    const loaded = await reloaded(model);
    expect(loaded.metricsNames).toEqual(model.metricsNames);
    expectClose(
      (await loaded.trainOnBatch(x, indices)) as number[],
      (await model.trainOnBatch(x, indices)) as number[],
      1e-6,
    );
    indices.dispose();
  });

  it.each([{seed: 11}, {}])('goes on with the same draws of random rivals (%j)', async seed => {
    const options = {gamma: 3, rivals: 'random', clip: null, ...seed} as const;
    // At a learning rate of 0 only the rivals make steps differ: 3^6 draws for each.
    const model = await trained(options, tf.train.sgd(0), 2);
    const loaded = await reloaded(model);
    const next = async (of: LargeMarginModel) => {
      const margins: number[] = [];
      for (let step = 0; step < 4; step++) margins.push(((await of.trainOnBatch(x, y)) as number[])[3]);
      return margins;
    };
    const [ours, theirs] = [await next(model), await next(loaded)];
    expectClose(theirs, ours, 1e-6);
    expect(new Set(ours).size).toBeGreaterThan(1);
  });

  it('without its optimizer is not compiled, and goes on once it is', async () => {
    const loaded = await reloaded(await trained({gamma: 2}, 'adam'), false);
    await expect(loaded.trainOnBatch(x, y)).rejects.toThrow(/compile/);
    loaded.compile({optimizer: 'adam'});
    expect(await loaded.trainOnBatch(x, y)).toHaveLength(5);
  });
});

describe('two models with the same seed', () => {
  it('draw the same rivals step by step, with another seed others', async () => {
    const margins = async (seed: number) => {
      const {history} = await (
        await trained({gamma: 3, rivals: 'random', clip: null, seed}, tf.train.sgd(0), 0)
      ).fit(x, y, {
        ...{epochs: 4, batchSize: 3, shuffle: false, verbose: 0},
      });
      return history.margin as number[];
    };
    expect(await margins(5)).toEqual(await margins(5));
    expect(await margins(5)).not.toEqual(await margins(6));
  });
});
