import * as tf from '@tensorflow/tfjs-core';
import {
  layers,
  metrics,
  regularizers,
  sequential,
  type LayersModel,
  type ModelCompileArgs,
} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../../plugin/index.js';
import {batches} from '../../support/batches.js';
import {expectClose} from '../../support/expect_close.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf, seeded, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const indices = [0, 1, 2, 2, 1, 0];
const y = labelsOf(indices);
const fitArgs = {epochs: 2, batchSize: 3, shuffle: false, verbose: 0} as const;

/** Fits a plain model and a LargeMarginModel whose margin weighs nothing, from the same weights. */
async function fitBoth(
  make: () => LayersModel,
  args: Partial<ModelCompileArgs>,
  targets: tf.Tensor = y,
  rest: object = {},
) {
  const [other, model] = [make(), new LargeMarginModel(make(), {gamma: 1, marginWeight: 0})];
  other.compile({optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy', ...args});
  model.compile({optimizer: tf.train.sgd(0.1), ...args} as ModelCompileArgs);
  const theirs = (await other.fit(x, targets, {...fitArgs, ...rest})).history.loss as number[];
  const ours = (await model.fit(x, targets, {...fitArgs, ...rest})).history.loss as number[];
  return {other, model, theirs, ours};
}

async function expectSame(...args: Parameters<typeof fitBoth>) {
  const {other, model, theirs, ours} = await fitBoth(...args);
  expectClose(ours, theirs, 1e-5);
  expectClose(weightsOf(model).flat(), weightsOf(other).flat(), 1e-5);
  return {other, model};
}

describe('compile: with a margin that weighs nothing training is that of the plain model', () => {
  it('for the default loss', async () => {
    await expectSame(denseNet, {});
  });

  it('for sparse labels, as a column or a row of indices', async () => {
    const args = {loss: 'sparseCategoricalCrossentropy'} as const;
    const column = tf.tensor2d(indices.map(i => [i]));
    await expectSame(denseNet, args, column);
    const row = tf.tensor1d(indices);
    await expectSame(denseNet, args, row);
    tf.dispose([column, row]);
  });

  it('for the loss as a function of labels and probabilities', async () => {
    const loss = (labels: tf.Tensor, outputs: tf.Tensor) => metrics.categoricalCrossentropy(labels, outputs);
    await expectSame(denseNet, {loss});
  });

  it('for other losses by name', async () => {
    await expectSame(denseNet, {loss: 'meanSquaredError'});
    await expectSame(denseNet, {loss: ['categoricalCrossentropy']});
  });

  it('for a net that gives logits, with a loss that takes logits', async () => {
    const loss = (labels: tf.Tensor, outputs: tf.Tensor) => tf.losses.softmaxCrossEntropy(labels, outputs);
    const logits = () => denseNet({softmax: false});
    const {model} = await expectSame(logits, {loss});
    // The default loss of such a net is the same, for its output is taken to be the logits.
    const standard = new LargeMarginModel(logits(), {gamma: 1, marginWeight: 0});
    standard.compile({optimizer: tf.train.sgd(0.1)});
    await standard.fit(x, y, fitArgs);
    expectClose(weightsOf(standard).flat(), weightsOf(model).flat(), 1e-5);
  });

  it('with kernel and bias regularizers, which count in the loss and not in the margin or the label loss', async () => {
    const net = () =>
      seeded(
        sequential({
          layers: [
            layers.dense({
              ...{units: 5, inputShape: [4], activation: 'relu', name: 'h', kernelRegularizer: 'l1l2'},
              biasRegularizer: regularizers.l2({l2: 0.3}),
            }),
            layers.dense({
              units: 3,
              activation: 'softmax',
              name: 's',
              kernelRegularizer: regularizers.l2({l2: 0.1}),
            }),
          ],
        }),
      );
    const {model} = await expectSame(net, {});
    const {loss, crossEntropy, margin} = model.computeLoss(x, y, {training: false});
    const [h, b, s] = ['h', 's'].flatMap(name => model.getLayer(name).getWeights());
    const sum = (t: tf.Tensor) => t.sum().dataSync()[0];
    const penalty =
      0.01 * sum(h.abs()) + 0.01 * sum(h.square()) + 0.3 * sum(b.square()) + 0.1 * sum(s.square());
    expectClose(loss.dataSync(), [crossEntropy.dataSync()[0] + penalty], 1e-5);
    expect(margin.dataSync()[0]).toBeGreaterThan(0);
    // evaluate has them too.
    const [evaluated] = model.evaluate(x, y) as tf.Scalar[];
    expectClose(evaluated.dataSync(), loss.dataSync(), 1e-5);
  });

  it('with class weights, in fit and in fitDataset', async () => {
    const classWeight = {0: 1, 1: 0.2, 2: 3};
    const {other} = await expectSame(denseNet, {}, y, {classWeight});
    const model = new LargeMarginModel(denseNet(), {gamma: 1, marginWeight: 0});
    model.compile({optimizer: tf.train.sgd(0.1)});
    const half = (from: number) => ({xs: x.slice(from, 3), ys: y.slice(from, 3)});
    await model.fitDataset(
      batches(() => [half(0), half(3)]),
      {epochs: 2, verbose: 0, classWeight: [classWeight]},
    );
    expectClose(weightsOf(model).flat(), weightsOf(other).flat(), 1e-5);
  });

  it('with class weights for another loss, by name and as a function', async () => {
    const classWeight = {0: 1, 1: 0.2, 2: 3};
    await expectSame(denseNet, {loss: 'meanSquaredError'}, y, {classWeight});
    const loss = (labels: tf.Tensor, outputs: tf.Tensor) => metrics.categoricalCrossentropy(labels, outputs);
    await expectSame(denseNet, {loss}, y, {classWeight});
  });

  it('with metrics by name and by function', async () => {
    const last = (labels: tf.Tensor, outputs: tf.Tensor) => tf.mean(tf.mul(labels, outputs), 1);
    const {other, model} = await fitBoth(denseNet, {metrics: ['accuracy', 'mse', last]});
    const theirs = (other.evaluate(x, y) as tf.Scalar[]).map(t => t.dataSync()[0]);
    const ours = (model.evaluate(x, y) as tf.Scalar[]).map(t => t.dataSync()[0]);
    expectClose(ours.slice(0, 4), theirs, 1e-5);
  });
});

describe('compile', () => {
  it('weighs the margin of each example with its class weight', async () => {
    const model = new LargeMarginModel(denseNet(), {gamma: 1, clip: null});
    model.compile({optimizer: tf.train.sgd(0)});
    const {history} = await model.fit(x, y, {
      ...fitArgs,
      epochs: 1,
      batchSize: 6,
      classWeight: {0: 2, 1: 0, 2: 5},
    });
    const distances = tf.tidy(() => {
      const d = model.distances(x, y);
      return [d.input, d.hidden1].map(t => Array.from(t.dataSync()));
    });
    const weights = [2, 0, 5];
    const margins = distances.map(
      d => d.reduce((total, v, i) => total + weights[indices[i]] * Math.max(0, 1 - v), 0) / 6,
    );
    expectClose([history.margin[0] as number], [margins[0] + margins[1]], 1e-5);
  });

  it('may be called again, with other metrics and another optimizer', async () => {
    const model = new LargeMarginModel(denseNet(), {gamma: 1});
    model.compile({optimizer: 'sgd', metrics: ['accuracy']});
    model.compile({optimizer: 'adam'});
    expect(model.metricsNames).toEqual(['loss', 'crossEntropy', 'margin', 'margin_input', 'margin_hidden1']);
    expect(await model.trainOnBatch(x, y)).toHaveLength(5);
  });

  it('trains only what is trainable, and measures all margins', async () => {
    const base = denseNet();
    base.getLayer('hidden1').trainable = false;
    const model = new LargeMarginModel(base, {gamma: 3});
    model.compile({optimizer: tf.train.sgd(0.1)});
    const weights = (name: string) =>
      base
        .getLayer(name)
        .getWeights()
        .map(w => Array.from(w.dataSync()));
    const [hidden, scores] = [weights('hidden1'), weights('scores')];
    const {history} = await model.fit(x, y, fitArgs);
    expect(weights('hidden1')).toEqual(hidden);
    expect(weights('scores')[0]).not.toEqual(scores[0]);
    expect(history.margin_hidden1).toHaveLength(2);
  });
});
