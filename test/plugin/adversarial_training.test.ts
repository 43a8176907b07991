import * as tf from '@tensorflow/tfjs-node';
import {describe, expect, it} from 'vitest';
import {adversarialDataset} from '../../plugin/adversarial_training.js';
import {toClassifier} from '../../plugin/classifier.js';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import {LargeMarginOptimizer} from '../../plugin/large_margin_optimizer.js';
import '../../plugin/register.js';
import {adversarialBatch, fgsm, pgd} from '../../src/index.js';
import {errorOf, expectNoLeakAsync, expectRefusal} from '../support/expect_no_leak.js';
import {randoms} from '../support/randoms.js';
import {denseNet, seeded, weightsOf} from '../support/tiny_models.js';

const SIZE = 12;
const BATCH = 4;
const rows = Array.from({length: SIZE}, (_, i) => Array.from(randoms(4, i + 1), r => 1 / (1 + Math.exp(-r))));
const classes = Array.from({length: SIZE}, (_, i) => i % 3);
const oneHot = classes.map(label => [0, 1, 2].map(c => Number(c === label)));

type Item = {xs: tf.TensorContainer; ys: tf.TensorContainer};
const batches = (wrap: (xs: number[], ys: number[]) => Item = (xs, ys) => ({xs, ys})) =>
  tf.data.array(rows.map((xs, i) => wrap(xs, oneHot[i]))).batch(BATCH) as tf.data.Dataset<Item>;
const options = {attack: fgsm, epsilon: 0.1} as const;

const compiled = () => {
  const model = denseNet({activation: 'relu'});
  model.compile({optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy'});
  return model;
};

async function contentsOf(dataset: tf.data.Dataset<Item>): Promise<Array<{xs: number[][]; ys: number[][]}>> {
  const found: Array<{xs: number[][]; ys: number[][]}> = [];
  await dataset.forEachAsync(batch => {
    const {xs, ys} = batch as {xs: tf.Tensor2D; ys: tf.Tensor2D};
    found.push({xs: xs.arraySync(), ys: ys.arraySync()});
    tf.dispose(batch as tf.TensorContainer);
  });
  return found;
}

describe('adversarialDataset', () => {
  it('replaces half of every batch by the attack on the model as it is, labels stay as they are', async () => {
    const model = compiled();
    const mixed = await contentsOf(adversarialDataset(batches(), model, options));
    const whole = await contentsOf(adversarialDataset(batches(), model, {...options, share: 1}));
    const plain = await contentsOf(batches());
    mixed.forEach(({xs, ys}, b) => {
      expect(ys).toEqual(plain[b].ys);
      const isNew = xs.map((row, i) => row.join() !== plain[b].xs[i].join());
      expect(isNew.filter(Boolean)).toHaveLength(BATCH / 2);
      xs.forEach((row, i) => expect(row).toEqual((isNew[i] ? whole : plain)[b].xs[i]));
    });
    const {adversarial} = await fgsm(toClassifier(model), tf.tensor2d(rows), classes, {epsilon: 0.1});
    expect(whole.flatMap(({xs}) => xs)).toEqual(adversarial.arraySync());
  });

  it.each<[string, () => tf.LayersModel]>([
    ['a plain model', compiled],
    [
      'a LargeMarginModel',
      () => {
        const model = new LargeMarginModel(denseNet(), {gamma: 0.1});
        model.compile({optimizer: tf.train.sgd(0.1)});
        return model;
      },
    ],
    [
      'a plain model with a LargeMarginOptimizer',
      () => {
        const model = denseNet();
        const optimizer = new LargeMarginOptimizer(tf.train.sgd(0.1), {model, gamma: 0.1});
        model.compile({optimizer, loss: 'categoricalCrossentropy'});
        return model;
      },
    ],
  ])('trains %s by fitDataset over 3 epochs, and leaves no tensor', async (_, make) => {
    const model = make();
    const before = weightsOf(model);
    await model.fitDataset(batches(), {epochs: 1, verbose: 0});
    const dataset = adversarialDataset(batches(), model, options);
    const {history} = await expectNoLeakAsync(() => model.fitDataset(dataset, {epochs: 3, verbose: 0}));
    expect(history.loss).toHaveLength(3);
    expect((history.loss as number[]).every(Number.isFinite)).toBe(true);
    expect(weightsOf(model)).not.toEqual(before);
  });

  it('crafts at inference: batch norm keeps its averages, and no step is counted', async () => {
    const base = seeded(
      tf.sequential({
        layers: [
          tf.layers.dense({units: 5, inputShape: [4]}),
          tf.layers.batchNormalization(),
          tf.layers.dense({units: 3, activation: 'softmax'}),
        ],
      }),
    );
    const model = new LargeMarginModel(base, {gamma: 1, layers: ['input']});
    const [weights, stream] = [weightsOf(model), {...model.stream}];
    const mixed = await contentsOf(adversarialDataset(batches(), model, {...options, loss: 'own', share: 1}));
    expect(mixed.flatMap(({xs}) => xs)).not.toEqual(rows);
    expect(weightsOf(model)).toEqual(weights);
    expect(model.stream).toEqual(stream);
  });

  it('follows the weights: after a step other examples are made', async () => {
    const model = denseNet({activation: 'linear', units: []});
    const dataset = adversarialDataset(batches(), model, {...options, share: 1, norm: 'l2'});
    const before = await contentsOf(dataset);
    expect(await contentsOf(dataset)).toEqual(before);
    tf.tidy(() => void model.weights[0].write(tf.neg(model.weights[0].read())));
    expect(await contentsOf(dataset)).not.toEqual(before);
  });

  it('draws anew in each epoch, and the same with the same seed', async () => {
    const model = denseNet();
    const make = (seed: number) => adversarialDataset(batches(), model, {...options, seed});
    const [a, b, c] = [make(1), make(1), make(2)];
    const first = await contentsOf(a);
    expect(await contentsOf(b)).toEqual(first);
    expect(await contentsOf(c)).not.toEqual(first);
    expect(await contentsOf(a)).not.toEqual(first);
  });

  it('keeps the form of records by name and of lists, and takes the labels of the output that is named', async () => {
    const at = tf.input({shape: [4], name: 'pixels'});
    const dense = (name: string, units: number) =>
      tf.layers.dense({units, name}).apply(at) as tf.SymbolicTensor;
    const model = tf.model({inputs: at, outputs: [dense('other', 2), dense('digit', 3)]});
    model.compile({optimizer: tf.train.sgd(0.1), loss: ['meanSquaredError', 'categoricalCrossentropy']});
    const named = batches((xs, ys) => ({xs: {pixels: xs}, ys: {other: [0, 1], digit: ys}}));
    const dataset = adversarialDataset(named, model, {...options, share: 1, output: 'digit'});
    const [first] = await (await dataset.iterator()).toArray();
    const {xs, ys} = first as {xs: Record<string, tf.Tensor>; ys: Record<string, tf.Tensor>};
    expect([Object.keys(xs), Object.keys(ys)]).toEqual([['pixels'], ['other', 'digit']]);
    expect(Array.from(xs.pixels.dataSync())).not.toEqual(rows.slice(0, BATCH).flat());
    await expectNoLeakAsync(async () => void (await model.fitDataset(dataset, {epochs: 1, verbose: 0})));
    const twice = adversarialDataset(named, model, {...options, output: 'other', labels: 'predicted'});
    expect(await (await twice.iterator()).toArray()).toHaveLength(3);
  });

  it("has its like for loops of one's own: adversarialBatch beside trainOnBatch", async () => {
    const model = new LargeMarginModel(denseNet(), {gamma: 0.1});
    model.compile({optimizer: tf.train.sgd(0.1)});
    const classifier = toClassifier(model);
    const [xs, ys] = [tf.tensor2d(rows), tf.tensor2d(oneHot)];
    const train = async (step: number) => {
      const mixed = await adversarialBatch(classifier, xs, ys, {...options, loss: 'own', step});
      const [loss] = (await model.trainOnBatch(mixed, ys)) as number[];
      mixed.dispose();
      return loss;
    };
    await train(0);
    const losses: number[] = [];
    for (let step = 1; step < 10; step++) losses.push(await expectNoLeakAsync(() => train(step)));
    expect(losses[8]).toBeLessThan(losses[0]);
    expect(model.stream.steps).toBe(10);
    tf.dispose([xs, ys]);
  });

  it('takes a classifier in place of the model', async () => {
    const model = denseNet();
    const [a, b] = [model, toClassifier(model)].map(of => adversarialDataset(batches(), of, options));
    expect(await contentsOf(a)).toEqual(await contentsOf(b));
  });

  it('refuses bad options at once, and bad batches and options of the attack before their step', async () => {
    const model = compiled();
    const make = (changes: object) => () => adversarialDataset(batches(), model, {...options, ...changes});
    await expectRefusal(make({share: 2}), 'share', 'adversarialDataset');
    await expectRefusal(make({epsilon: undefined}), 'epsilon');
    await expectRefusal(make({attack: undefined}), 'attack', 'undefined');
    await expectRefusal(make({output: 'nope'}), 'output', 'nope');
    await expectRefusal(() => adversarialDataset([] as never, model, options), 'dataset', 'tf.data.Dataset');
    await expectRefusal(() => adversarialDataset(batches(), 1 as never, options), 'model');
    await expectRefusal(() => adversarialDataset(batches(), model, null as never), 'attack');
    const weights = weightsOf(model);
    const run = (dataset: tf.data.Dataset<Item>, changes: object = {}) => {
      const mixed = adversarialDataset(dataset, model, {...options, ...changes});
      return () => model.fitDataset(mixed, {epochs: 1, verbose: 0});
    };
    await expectRefusal(run(batches(), {steps: 3}), 'options', 'fgsm', 'steps');
    await expectRefusal(run(batches((xs, ys) => ({xs: xs.map(v => v + 5), ys}))), 'x', 'bounds');
    await expectRefusal(run(batches((xs, ys) => ({xs, ys: ys.map(v => v / 2)}))), 'labels', 'one-hot');
    const two = batches((xs, ys) => ({xs: {a: xs, b: xs}, ys}));
    await expectRefusal(run(two), 'xs', 'one tensor', 'a, b');
    const pairs = batches((xs, ys) => ({xs, labels: ys}) as never);
    await expectRefusal(run(pairs), 'dataset', '{xs, ys}', 'xs, labels');
    expect(weightsOf(model)).toEqual(weights);
  });

  it('does not hide NaN: weights that are NaN give a loss that is NaN', async () => {
    const model = compiled();
    tf.tidy(() => void model.weights[0].write(tf.mul(model.weights[0].read(), NaN)));
    const dataset = adversarialDataset(batches(), model, {...options, attack: pgd});
    const {history} = await model.fitDataset(dataset, {epochs: 1, verbose: 0});
    expect(history.loss).toEqual([NaN]);
    expect(await errorOf(() => contentsOf(dataset))).toBeUndefined();
  });
});
