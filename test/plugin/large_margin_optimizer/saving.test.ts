import * as tf from '@tensorflow/tfjs-core';
import {loadLayersModel, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {
  LargeMarginModel,
  LargeMarginOptimizer,
  marginRegularizer,
  schedules,
  type LargeMarginOptimizerOptions,
} from '../../../plugin/index.js';
import {errorOf, expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {memoryStore} from '../../support/memory_store.js';
import {randomTensor} from '../../support/randoms.js';
import {dense, denseNet, labelsOf, seeded, weightsOf} from '../../support/tiny_models.js';
import {bitsOf, copied, STOCK} from '../optimizer/stock.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0]);
const OPTIONS: LargeMarginOptimizerOptions = {
  gamma: schedules.warmUp({steps: 5, from: 0.5, then: 3}),
  layers: ['input', {name: 'hidden1', norm: Infinity}],
  rivals: 'random',
  clip: null,
  globalClipNorm: 0.7,
  nonFinite: 'skip',
};

function compiled(inner: tf.Optimizer, options = OPTIONS, model: LayersModel = denseNet()) {
  const optimizer = new LargeMarginOptimizer(inner, {...options, model});
  model.compile({optimizer, loss: 'categoricalCrossentropy', metrics: ['accuracy']});
  return {model, optimizer};
}

async function reloaded(model: LayersModel) {
  const store = memoryStore();
  await model.save(store, {includeOptimizer: true});
  const loaded = await loadLayersModel(store);
  return {model: loaded, optimizer: (loaded as unknown as {optimizer: LargeMarginOptimizer}).optimizer};
}

const bitsOfWeights = (model: LayersModel) => model.weights.map(weight => bitsOf(weight.read()));
const bitsOfState = async (optimizer: tf.Optimizer) =>
  (await optimizer.getWeights()).map(({name, tensor}) => [name.replace(/_\d+(?=\/)/, ''), bitsOf(tensor)]);

afterEach(() => void vi.restoreAllMocks());

describe('a model saved with its adapter and loaded again', () => {
  it.each(Object.entries(STOCK))(
    'takes the same next steps, bit for bit, once attached (%s)',
    async (_, make) => {
      const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
      const ours = compiled(make());
      for (let step = 0; step < 3; step++) await ours.model.trainOnBatch(x, y);
      const theirs = await reloaded(ours.model);
      expect(theirs.optimizer).toBeInstanceOf(LargeMarginOptimizer);
      theirs.optimizer.attach(theirs.model);
      expect([theirs.optimizer.iterations, theirs.optimizer.learningRate]).toEqual([
        3,
        ours.optimizer.learningRate,
      ]);
      for (let step = 0; step < 3; step++) {
        const losses = [await ours.model.trainOnBatch(x, y), await theirs.model.trainOnBatch(x, y)];
        expect(losses[1]).toEqual(losses[0]);
        expect(bitsOfWeights(theirs.model)).toEqual(bitsOfWeights(ours.model));
        expect(await bitsOfState(theirs.optimizer)).toEqual(await bitsOfState(ours.optimizer));
      }
      // All slots met their variables.
      expect(warn).not.toHaveBeenCalled();
    },
  );

  it('says what is missing where it is trained before it is attached', async () => {
    const {model} = compiled(tf.train.adam(0.01));
    await model.trainOnBatch(x, y);
    const loaded = await reloaded(model);
    const train = () => loaded.model.trainOnBatch(x, y);
    await expect(train()).rejects.toThrow('after loading: attach(model)');
    loaded.optimizer.attach(loaded.model);
    await train();
  });

  it('has its margins where marks are, without options', async () => {
    const ours = compiled(tf.train.sgd(0.1), {}, fullyMarkedNet());
    await ours.model.trainOnBatch(x, y);
    const theirs = await reloaded(ours.model);
    theirs.optimizer.attach(theirs.model);
    for (const {model} of [ours, theirs]) await model.trainOnBatch(x, y);
    expect(weightsOf(theirs.model)).toEqual(weightsOf(ours.model));
  });

  it('may be a LargeMarginModel, which needs no attaching', async () => {
    const model = new LargeMarginModel(denseNet(), {gamma: 2, rivals: 'random'});
    model.compile({optimizer: new LargeMarginOptimizer('adam', {globalClipNorm: 1})});
    await model.trainOnBatch(x, y);
    const loaded = await reloaded(model);
    expect(loaded.model).toBeInstanceOf(LargeMarginModel);
    for (let step = 0; step < 2; step++)
      expect(await loaded.model.trainOnBatch(x, y)).toEqual(await model.trainOnBatch(x, y));
    expect(bitsOfWeights(loaded.model)).toEqual(bitsOfWeights(model));
  });

  it('draws the same random rivals, also by getWeights alone and with another seed', async () => {
    const options = {...OPTIONS, gamma: 5};
    const [ours, theirs] = [
      compiled(tf.train.sgd(0), options),
      compiled(tf.train.sgd(0), {...options, seed: 1}),
    ];
    await ours.model.trainOnBatch(x, y);
    const saved = copied(await ours.optimizer.getWeights());
    await theirs.optimizer.setWeights(saved);
    tf.dispose(saved);
    const losses: unknown[] = [];
    for (let step = 0; step < 4; step++) {
      losses.push(await ours.model.trainOnBatch(x, y));
      expect(await theirs.model.trainOnBatch(x, y)).toEqual(losses[step]);
    }
    expect(new Set(losses.map(String)).size).toBeGreaterThan(1);
  });
});

/** A net whose marks leave nothing to options. */
function fullyMarkedNet(): LayersModel {
  const hidden = dense('hidden', 5, {activation: 'tanh', inputShape: [4]});
  const mark = marginRegularizer({gamma: 0.5, name: 'mark'});
  return seeded(sequential({layers: [hidden, mark, dense('scores', 3, {activation: 'softmax'})]}));
}

describe('the state of an adapter', () => {
  it('holds no more tensors however often it is saved, and frees all of them', async () => {
    const before = tf.memory().numTensors;
    const optimizer = new LargeMarginOptimizer('adam', {accumulationSteps: 2});
    const v = tf.variable(tf.tensor1d([1, 2]));
    const gradient = tf.tensor1d([1, -1]);
    const weights = [v, gradient].length;
    for (let i = 0; i < 3; i++) optimizer.applyGradients({[v.name]: gradient});
    await optimizer.getWeights();
    await expectNoLeakAsync(async () => void (await optimizer.getWeights()));
    optimizer.dispose();
    optimizer.dispose();
    tf.dispose([v, gradient]);
    // The constant that v was made of.
    expect(tf.memory().numTensors - before).toBe(weights - 1);
  });

  it('is refused as a whole where a part is wrong, and nothing has changed', async () => {
    const {model, optimizer} = compiled(tf.train.adam(0.01), {...OPTIONS, accumulationSteps: 3});
    for (let step = 0; step < 4; step++) await model.trainOnBatch(x, y);
    const saved = copied(await optimizer.getWeights());
    const before = await bitsOfState(optimizer);
    const nameOf = (end: string) => saved.find(({name}) => name.endsWith(end))!.name;
    const without = (end: string) => saved.filter(({name}) => name !== nameOf(end));
    const change = (end: string, tensor: tf.Tensor) =>
      saved.map(weight => (weight.name === nameOf(end) ? {...weight, tensor} : weight));
    const wrong: Array<[typeof saved, ...string[]]> = [
      [without('largeMargin/steps'), 'steps'],
      [without('largeMargin/seed'), 'seed'],
      [without('largeMargin/accumulatedSteps'), 'accumulatedSteps'],
      [without('iter'), 'iter'],
      [without('/accumulatedFirstMoment'), 'accumulatedFirstMoment'],
      [change('largeMargin/steps', tf.scalar(-1, 'int32')), 'to count steps'],
      [change('largeMargin/steps', tf.tensor1d([1, 2])), 'steps'],
      [change('largeMargin/accumulatedSteps', tf.scalar(3, 'int32')), 'accumulatedSteps'],
      [change('/accumulatedSecondMoment', tf.scalar(3)), 'shape'],
    ];
    for (const [weights, ...parts] of wrong) {
      await expectRefusal(() => optimizer.setWeights(weights), 'weights', ...parts);
      expect(await bitsOfState(optimizer)).toEqual(before);
    }
    await expectNoLeakAsync(async () => {
      await optimizer.setWeights(saved);
      await optimizer.getWeights();
    });
    expect(await bitsOfState(optimizer)).toEqual(before);
  });

  it('with gathered gradients is refused where none are gathered', async () => {
    const {model, optimizer} = compiled(tf.train.sgd(0.1), {...OPTIONS, accumulationSteps: 3});
    await model.trainOnBatch(x, y);
    const saved = copied(await optimizer.getWeights());
    const other = compiled(tf.train.sgd(0.1)).optimizer;
    await expectRefusal(() => other.setWeights(saved), 'weights', 'accumulationSteps is 1');
  });

  it('is that of the adapter only: of a bare optimizer it is refused', async () => {
    const bare = tf.train.adam(0.01);
    const saved = await bare.getWeights();
    const {optimizer} = compiled(tf.train.adam(0.01));
    await expectRefusal(() => optimizer.setWeights(saved), 'weights', 'LargeMarginOptimizer');
  });
});

describe('an adapter that was disposed of', () => {
  it('refuses to go on, and makes no tensor', async () => {
    const {model, optimizer} = compiled(tf.train.adam(0.01));
    await model.trainOnBatch(x, y);
    optimizer.dispose();
    const uses = [
      () => model.trainOnBatch(x, y),
      () => optimizer.getWeights(),
      () => optimizer.setWeights([]),
      () => optimizer.computeGradients(() => tf.scalar(0)),
      () => optimizer.applyGradients({}),
    ];
    for (const use of uses) await expectRefusal(use, 'the optimizer', 'in use');
    expect(await errorOf(() => optimizer.getConfig())).toBeUndefined();
  });
});
