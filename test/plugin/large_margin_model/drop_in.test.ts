import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel, ModelFitArgs} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../../plugin/index.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {batches} from '../../support/batches.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([12, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0, 0, 1, 2, 1, 1, 0]);
const [xVal, yVal] = [randomTensor<tf.Tensor2D>([6, 4], 2), labelsOf([2, 1, 0, 0, 1, 2])];
const once: ModelFitArgs = {epochs: 1, batchSize: 4, shuffle: false, verbose: 0};

const compiled = (marginWeight = 1) => {
  const model = new LargeMarginModel(denseNet(), {gamma: 2, marginWeight});
  model.compile({optimizer: tf.train.sgd(0.1), metrics: ['accuracy']});
  return model;
};

/** A plain model with the same weights and the same label loss. */
function plain(): LayersModel {
  const model = denseNet();
  model.compile({optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy', metrics: ['accuracy']});
  return model;
}

const flat = (model: LayersModel) => weightsOf(model).flat();
const NAMES = ['loss', 'acc', 'crossEntropy', 'margin', 'margin_input', 'margin_hidden1'];

describe('fit', () => {
  it('carries loss, metrics, label loss, margin and its terms in the history, in training and validation', async () => {
    const model = compiled();
    const {history} = await expectNoLeakAsync(async () => {
      const {history} = await model.fit(x, y, {...once, epochs: 2, validationData: [xVal, yVal]});
      return {history};
    });
    expect(Object.keys(history).sort()).toEqual([...NAMES, ...NAMES.map(name => `val_${name}`)].sort());
    for (const values of Object.values(history)) {
      expect(values).toHaveLength(2);
      expect(values.every(value => Number.isFinite(value))).toBe(true);
    }
    const at = (name: string) => history[name][1] as number;
    for (const prefix of ['', 'val_']) {
      expectClose([at(`${prefix}loss`)], [at(`${prefix}crossEntropy`) + at(`${prefix}margin`)], 1e-6);
      expectClose(
        [at(`${prefix}margin`)],
        [at(`${prefix}margin_input`) + at(`${prefix}margin_hidden1`)],
        1e-6,
      );
    }
  });

  it('reports for validation what evaluate gives, and its metrics', async () => {
    const model = compiled();
    const {history} = await model.fit(x, y, {...once, validationData: [xVal, yVal]});
    const values = (model.evaluate(xVal, yVal) as tf.Scalar[]).map(t => t.dataSync()[0]);
    expect(model.metricsNames).toEqual(NAMES);
    expectClose(
      NAMES.map(name => history[`val_${name}`][0] as number),
      values,
      1e-6,
    );
    const right = tf.tidy(
      () =>
        tf
          .equal((model.predict(xVal) as tf.Tensor).argMax(1), yVal.argMax(1))
          .mean()
          .dataSync()[0],
    );
    expectClose([history.val_acc[0] as number], [right], 1e-6);
  });

  it('moves the weights exactly as the plain model does where the margin weighs nothing', async () => {
    const [model, other] = [compiled(0), plain()];
    const [ours, theirs] = await Promise.all([
      model.fit(x, y, {...once, epochs: 3}),
      other.fit(x, y, {...once, epochs: 3}),
    ]);
    expectClose(flat(model), flat(other), 1e-5);
    expectClose(ours.history.loss as number[], theirs.history.loss as number[], 1e-5);
    expectClose(ours.history.acc as number[], theirs.history.acc as number[], 1e-6);
  });

  it('moves them elsewhere where the margin counts, and down its loss', async () => {
    const [model, other] = [compiled(), plain()];
    const {history} = await model.fit(x, y, {...once, batchSize: 12, epochs: 20});
    await other.fit(x, y, {...once, batchSize: 12, epochs: 20});
    expect(Math.hypot(...flat(model).map((w, i) => w - flat(other)[i]))).toBeGreaterThan(0.01);
    const losses = history.loss as number[];
    expect(losses[19]).toBeLessThan(losses[0]);
  });

  it('takes a validation split, callbacks, and data by name', async () => {
    const model = compiled();
    const seen: string[] = [];
    const [input, output] = [model.inputNames[0], model.outputNames[0]];
    const callbacks = {onEpochEnd: (_: number, logs?: object) => void seen.push(...Object.keys(logs ?? {}))};
    await model.fit({[input]: x} as never, {[output]: y} as never, {
      ...once,
      validationSplit: 0.5,
      callbacks,
    });
    expect(seen).toEqual(expect.arrayContaining(['loss', 'val_margin', 'margin_hidden1']));
  });
});

describe('fitDataset', () => {
  const data = () =>
    batches(() => [
      {xs: x, ys: y},
      {xs: xVal, ys: yVal},
    ]);

  it('trains as fit does on the same batches, with the same history', async () => {
    const model = compiled();
    const {history} = await expectNoLeakAsync(async () => {
      const {history} = await model.fitDataset(data(), {epochs: 2, verbose: 0, validationData: data()});
      return {history};
    });
    expect(Object.keys(history).sort()).toEqual([...NAMES, ...NAMES.map(name => `val_${name}`)].sort());
    const other = compiled();
    for (let epoch = 0; epoch < 2; epoch++) {
      await other.trainOnBatch(x, y);
      await other.trainOnBatch(xVal, yVal);
    }
    expectClose(flat(model), flat(other), 1e-6);
  });

  it('takes tensors for validation data too', async () => {
    const model = compiled();
    const {history} = await model.fitDataset(data(), {epochs: 1, verbose: 0, validationData: [xVal, yVal]});
    expect(history.val_margin).toHaveLength(1);
  });
});

describe('trainOnBatch', () => {
  it('gives the loss before the step and all that the history names, and moves the weights as fit does', async () => {
    const [model, other] = [compiled(), compiled()];
    const values = (await expectNoLeakAsync(() => model.trainOnBatch(x, y))) as number[];
    const {history} = await other.fit(x, y, {...once, batchSize: 12});
    expectClose(
      values,
      NAMES.map(name => history[name][0] as number),
      1e-6,
    );
    expectClose(flat(model), flat(other), 1e-7);
  });
});

describe('evaluate and evaluateDataset', () => {
  it('agree with each other and change no weight', async () => {
    const model = compiled();
    const before = weightsOf(model);
    const whole = model.evaluate(xVal, yVal, {batchSize: 6}) as tf.Scalar[];
    const parts = model.evaluate(xVal, yVal, {batchSize: 4}) as tf.Scalar[];
    const run = () =>
      model.evaluateDataset(
        batches(() => [{xs: xVal, ys: yVal}]),
        {},
      );
    const dataset = (await expectNoLeakAsync(run)) as tf.Scalar[];
    expectClose(
      parts.map(t => t.dataSync()[0]),
      whole.map(t => t.dataSync()[0]),
      1e-5,
    );
    expectClose(
      dataset.map(t => t.dataSync()[0]),
      whole.map(t => t.dataSync()[0]),
      1e-6,
    );
    expect(weightsOf(model)).toEqual(before);
    tf.dispose([whole, parts, dataset]);
  });

  it('give the loss of computeLoss at inference', () => {
    const model = compiled();
    const [loss, , crossEntropy, margin, input] = (model.evaluate(xVal, yVal) as tf.Scalar[]).map(
      t => t.dataSync()[0],
    );
    const terms = model.computeLoss(xVal, yVal, {training: false});
    const expected = [terms.loss, terms.crossEntropy, terms.margin, terms.layers.input].map(
      t => t.dataSync()[0],
    );
    expectClose([loss, crossEntropy, margin, input], expected, 1e-6);
  });
});
