import * as tf from '@tensorflow/tfjs-core';
import {input, layers, model as tfModel, type LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../../plugin/index.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {batches} from '../../support/batches.js';
import {randomTensor} from '../../support/randoms.js';
import {apply, labelsOf, seeded, weightsOf} from '../../support/tiny_models.js';

const dense = (name: string, units: number, activation?: 'relu' | 'softmax' | 'tanh') =>
  layers.dense({units, name, ...(activation && {activation})});

/** Two inputs, one output. */
function twoInputs(): LayersModel {
  const [a, b] = [input({shape: [4], name: 'a'}), input({shape: [2], name: 'b'})];
  const sum = apply(layers.add({name: 'sum'}), [
    apply(dense('da', 5, 'tanh'), a),
    apply(dense('db', 5, 'tanh'), b),
  ]);
  return seeded(tfModel({inputs: [a, b], outputs: apply(dense('scores', 3, 'softmax'), sum)}));
}

/** One input, a regression and a classification. */
function twoOutputs(): LayersModel {
  const x = input({shape: [4], name: 'x'});
  const trunk = apply(dense('trunk', 5, 'tanh'), x);
  const outputs = [apply(dense('value', 1), trunk), apply(dense('classes', 3, 'softmax'), trunk)];
  return seeded(tfModel({inputs: x, outputs}));
}

const a = randomTensor<tf.Tensor2D>([6, 4], 1);
const b = randomTensor<tf.Tensor2D>([6, 2], 2);
const values = randomTensor<tf.Tensor2D>([6, 1], 3);
const y = labelsOf([0, 1, 2, 2, 1, 0]);
const fitArgs = {epochs: 2, batchSize: 3, shuffle: false, verbose: 0} as const;

describe('a model with several inputs', () => {
  it('trains, evaluates and predicts as the plain model does where the margin weighs nothing', async () => {
    const [model, other] = [new LargeMarginModel(twoInputs(), {gamma: 1, marginWeight: 0}), twoInputs()];
    model.compile({optimizer: tf.train.sgd(0.1)});
    other.compile({optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy'});
    await expectNoLeakAsync(async () => void (await model.fit([a, b], y, fitArgs)));
    await other.fit([a, b], y, fitArgs);
    expectClose(weightsOf(model).flat(), weightsOf(other).flat(), 1e-5);
    expect((model.evaluate([a, b], y) as tf.Scalar[]).length).toBe(model.metricsNames.length);
  });

  it('has a margin at each of them by default, in the order of the layers, also by name', () => {
    const model = new LargeMarginModel(twoInputs(), {gamma: 1});
    const list = model.distances([a, b], y);
    const record = model.distances({b, a}, y);
    expect(Object.keys(list).sort()).toEqual(['a', 'b', 'da', 'db']);
    for (const name of Object.keys(list)) expectClose(record[name].dataSync(), list[name].dataSync(), 0);
    // Each is measured with the others held: in l2 the gradient of scores at da and db is the same.
    expectClose(list.da.dataSync(), list.db.dataSync(), 1e-6);
  });

  it('refuses to be given one of them only', async () => {
    const model = new LargeMarginModel(twoInputs(), {gamma: 1});
    await expectRefusal(() => model.computeLoss(a, y), 'x', '2 tensor(s) for a, b', '1 tensor');
    await expectRefusal(() => model.computeLoss({a, c: b}, y), 'x', 'the keys a, c');
  });

  it('refuses NaN in any of them', async () => {
    const model = new LargeMarginModel(twoInputs(), {gamma: 1});
    const bad = tf.fill([6, 2], NaN);
    await expectRefusal(() => model.computeLoss([a, bad], y), 'x', 'finite');
    bad.dispose();
  });
});

describe('a model with several outputs', () => {
  const losses = {value: 'meanSquaredError', classes: 'categoricalCrossentropy'};

  it('trains as the plain model does where the margin weighs nothing, losses by name or in a list', async () => {
    const other = twoOutputs();
    other.compile({optimizer: tf.train.sgd(0.1), loss: losses as never});
    await other.fit(a, [values, y], fitArgs);
    for (const loss of [losses, Object.values(losses)]) {
      const model = new LargeMarginModel(twoOutputs(), {gamma: 1, marginWeight: 0, output: 'classes'});
      model.compile({optimizer: tf.train.sgd(0.1), loss: loss as never});
      await expectNoLeakAsync(async () => void (await model.fit(a, [values, y], fitArgs)));
      expectClose(weightsOf(model).flat(), weightsOf(other).flat(), 1e-5);
    }
  });

  it('reports the loss of each output, then the label loss in all, the margin and its terms', async () => {
    const model = new LargeMarginModel(twoOutputs(), {gamma: 1, output: 'classes'});
    model.compile({optimizer: tf.train.sgd(0.1), loss: losses as never, metrics: {classes: 'accuracy'}});
    expect(model.metricsNames).toEqual([
      ...['loss', 'value_loss', 'classes_loss', 'classes_acc'],
      ...['crossEntropy', 'margin', 'margin_input', 'margin_trunk'],
    ]);
    const [loss, value, classes, accuracy, label, margin] = (
      model.evaluate(a, [values, y]) as tf.Scalar[]
    ).map(t => t.dataSync()[0]);
    const [predicted, probabilities] = model.predict(a) as tf.Tensor[];
    const expected = tf.tidy(() => [
      tf.losses.meanSquaredError(values, predicted).dataSync()[0],
      tf.neg(tf.mean(tf.sum(tf.mul(y, tf.log(probabilities)), 1))).dataSync()[0],
      tf.mean(tf.cast(tf.equal(probabilities.argMax(1), y.argMax(1)), 'float32')).dataSync()[0],
    ]);
    expectClose([value, classes, accuracy], expected, 1e-5);
    expectClose([label, loss], [value + classes, value + classes + margin], 1e-5);
  });

  it('measures the margin of the named output alone', () => {
    const base = twoOutputs();
    const model = new LargeMarginModel(base, {gamma: 1, output: 'classes'});
    const only = tfModel({inputs: base.inputs, outputs: base.outputs[1]});
    const alone = new LargeMarginModel(only, {gamma: 1});
    const [ours, theirs] = [model.distances(a, [values, y]), alone.distances(a, y)];
    for (const name of ['input', 'trunk']) expectClose(ours[name].dataSync(), theirs[name].dataSync(), 1e-6);
    const terms = model.computeLoss(a, {classes: y, value: values});
    expectClose(terms.margin.dataSync(), alone.computeLoss(a, y).margin.dataSync(), 1e-6);
  });

  it('trains from a dataset too', async () => {
    const model = new LargeMarginModel(twoOutputs(), {gamma: 1, output: 'classes'});
    model.compile({optimizer: 'sgd', loss: losses as never});
    const run = async () =>
      void (await model.fitDataset(
        batches(() => [{xs: a, ys: [values, y]}]),
        {epochs: 1, verbose: 0},
      ));
    await expectNoLeakAsync(run);
  });
});
