import * as tf from '@tensorflow/tfjs-core';
import {loadLayersModel, type LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {
  LargeMarginModel,
  LargeMarginOptimizer,
  schedules,
  type LargeMarginOptimizerOptions,
} from '../../../plugin/index.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {memoryStore} from '../../support/memory_store.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([12, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0, 0, 1, 2, 1, 1, 0]);
const GAMMA = {gamma: 2} as const;
const once = {epochs: 1, shuffle: false, verbose: 0} as const;

function compiled(options: LargeMarginOptimizerOptions, inner: tf.Optimizer = tf.train.sgd(0.1)) {
  const model = denseNet();
  const optimizer = new LargeMarginOptimizer(inner, {...GAMMA, ...options, model});
  model.compile({optimizer, loss: 'categoricalCrossentropy'});
  return {model, optimizer};
}

const flat = (model: LayersModel) => weightsOf(model).flat();

describe('accumulationSteps', () => {
  it.each([2, 3, 6])('of %i batches make the step of one batch of all examples', async steps => {
    const [parts, whole] = [compiled({accumulationSteps: steps}), compiled({})];
    await expectNoLeakAsync(async () => void (await parts.model.fit(x, y, {...once, batchSize: 12 / steps})));
    await whole.model.fit(x, y, {...once, batchSize: 12});
    expect([parts.optimizer.iterations, whole.optimizer.iterations]).toEqual([1, 1]);
    expectClose(flat(parts.model), flat(whole.model), 1e-6);
  });

  it('step with the mean of the batches, a smaller last one too, and go on over the end of an epoch', async () => {
    const {model, optimizer} = compiled({accumulationSteps: 2});
    // Batches of 5, 5, 2 in each of two epochs; steps after the 2nd, 4th and 6th batch.
    await model.fit(x, y, {...once, epochs: 2, batchSize: 5});
    expect(optimizer.iterations).toBe(3);

    const other = new LargeMarginModel(denseNet(), GAMMA);
    const variables = other.trainableWeights.map(weight => weight.read() as tf.Variable);
    const ends = [[0, 5], [5, 10], [10, 12]]; // prettier-ignore
    const gradientsOf = ([from, to]: number[]) => {
      const [xs, ys] = [x, y].map(t => tf.slice(t, [from, 0], [to - from, -1]));
      const {grads} = tf.variableGrads(() => other.computeLoss(xs, ys).loss, variables);
      return variables.map(v => grads[v.name]);
    };
    for (const [one, two] of [
      [0, 1],
      [2, 0],
      [1, 2],
    ])
      // prettier-ignore
      tf.tidy(() => {
        const [a, b] = [gradientsOf(ends[one]), gradientsOf(ends[two])];
        variables.forEach((v, i) => v.assign(tf.sub(v, tf.mul(0.1 / 2, tf.add(a[i], b[i])))));
      });
    expectClose(flat(model), flat(other), 1e-6);
  });

  it('leave the weights alone until there are enough', async () => {
    const {model} = compiled({accumulationSteps: 3});
    const before = flat(model);
    for (let i = 0; i < 2; i++) {
      await model.trainOnBatch(x, y);
      expect(flat(model)).toEqual(before);
    }
    await model.trainOnBatch(x, y);
    expect(flat(model)).not.toEqual(before);
  });

  it('of 1 are plain steps', async () => {
    const [one, none] = [compiled({accumulationSteps: 1}), compiled({})];
    for (const {model} of [one, none]) await model.fit(x, y, {...once, batchSize: 4});
    expect(flat(one.model)).toEqual(flat(none.model));
  });

  it('clip the mean, not its parts', async () => {
    const options = {gamma: 50, globalClipNorm: 0.01};
    const [parts, whole] = [compiled({...options, accumulationSteps: 3}), compiled(options)];
    await parts.model.fit(x, y, {...once, batchSize: 4});
    await whole.model.fit(x, y, {...once, batchSize: 12});
    expectClose(flat(parts.model), flat(whole.model), 1e-6);
  });

  it('count for the learning rate as steps, for the margin as batches', async () => {
    // Batches 0 and 1 have no margin, batch 2 and 3 have one; step 0 has a rate of 0.1, step 1 of 0.01.
    const learningRate = schedules.piecewiseConstant({boundaries: [1], values: [0.1, 0.01]});
    const marginWeight = schedules.delay({steps: 2, then: 1});
    const {model, optimizer} = compiled({learningRate, marginWeight, accumulationSteps: 2});
    await model.fit(x, y, {...once, batchSize: 3});
    expect([optimizer.iterations, optimizer.stream.steps]).toEqual([2, 4]);

    const other = new LargeMarginModel(denseNet(), {...GAMMA, marginWeight: 0});
    other.compile({optimizer: tf.train.sgd(0.1)});
    const second = new LargeMarginModel(other.baseModel, GAMMA);
    second.compile({optimizer: tf.train.sgd(0.01)});
    const [[x1, x2], [y1, y2]] = [tf.split(x, 2), tf.split(y, 2)];
    await other.trainOnBatch(x1, y1);
    await second.trainOnBatch(x2, y2);
    expectClose(flat(model), flat(other), 1e-6);
    tf.dispose([x1, x2, y1, y2]);
  });

  it.each(['sgd', 'momentum', 'adam'])('go on from the middle of a step, bit for bit (%s)', async name => {
    const inner = {sgd: tf.train.sgd(0.1), momentum: tf.train.momentum(0.1, 0.9), adam: tf.train.adam(0.02)}[
      name
    ]!;
    const random = {rivals: 'random', seed: 11} as const;
    const {model, optimizer} = compiled({...random, accumulationSteps: 3, globalClipNorm: 0.5}, inner);
    // Four batches: one step, and one batch of the next.
    await model.fit(x, y, {...once, batchSize: 3});
    expect(optimizer.iterations).toBe(1);
    const store = memoryStore();
    await model.save(store, {includeOptimizer: true});
    // What was saved of counts and seed is held, once, since tfjs's saving frees nothing.
    await expectNoLeakAsync(async () => void (await model.save(store, {includeOptimizer: true})));
    const loaded = await loadLayersModel(store);
    const itsOptimizer = (loaded as {optimizer: unknown}).optimizer as LargeMarginOptimizer;
    itsOptimizer.attach(loaded);
    for (const net of [model, loaded]) await net.fit(x, y, {...once, batchSize: 3});
    expect(itsOptimizer.iterations).toBe(2);
    expect(weightsOf(loaded)).toEqual(weightsOf(model));
    const [ours, theirs] = [await optimizer.getWeights(), await itsOptimizer.getWeights()];
    const bits = (weights: typeof ours) => weights.map(({tensor}) => Array.from(tensor.dataSync()));
    expect(bits(theirs)).toEqual(bits(ours));
  });

  it('leave out a batch that is not finite, and wait for another', async () => {
    const {model, optimizer} = compiled({accumulationSteps: 2, nonFinite: 'skip'});
    const other = compiled({accumulationSteps: 2}).model;
    const bad = tf.fill([12, 4], NaN);
    const [[x1, x2], [y1, y2]] = [tf.split(x, 2), tf.split(y, 2)];
    await model.trainOnBatch(x1, y1);
    await model.trainOnBatch(bad, y);
    expect(optimizer.iterations).toBe(0);
    await model.trainOnBatch(x2, y2);
    await other.trainOnBatch(x1, y1);
    await other.trainOnBatch(x2, y2);
    expect(optimizer.iterations).toBe(1);
    expect(weightsOf(model)).toEqual(weightsOf(other));
    tf.dispose([bad, x1, x2, y1, y2]);
  });

  it('are freed with the optimizer', async () => {
    const {model, optimizer} = compiled({accumulationSteps: 3});
    await model.trainOnBatch(x, y);
    // The two tensors of sgd's rate, one sum for each weight.
    const before = tf.memory().numTensors;
    optimizer.dispose();
    expect(before - tf.memory().numTensors).toBe(4 + 1);
    optimizer.dispose();
    expect(before - tf.memory().numTensors).toBe(4 + 1);
  });
});
