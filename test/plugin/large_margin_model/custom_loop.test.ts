import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel, largeMarginLoss} from '../../../plugin/index.js';
import {isTapeLive, liveTape} from '../../../src/distance/live_tape.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak, tensorsIn} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0]);
const options = {gamma: 2, layers: ['input', 'hidden1', 'output']};

const numbers = (terms: ReturnType<LargeMarginModel['computeLoss']>) => {
  const read = (t: tf.Tensor) => t.dataSync()[0];
  const {loss, crossEntropy, margin, layers} = terms;
  const values = {loss: read(loss), crossEntropy: read(crossEntropy), margin: read(margin)};
  return {...values, layers: Object.fromEntries(Object.entries(layers).map(([name, t]) => [name, read(t)]))};
};

describe('computeLoss', () => {
  it('works before compile, with and without a tape, and leaves no tensor behind', () => {
    const model = new LargeMarginModel(denseNet(), options);
    const outside = expectNoLeak(() => model.computeLoss(x, y));
    expect(isTapeLive()).toBe(false);
    const expected = numbers(outside);
    expect(tensorsIn(outside).size).toBe(6);
    tf.dispose(outside as never);
    let inside: unknown;
    const {value, grads} = expectNoLeak(() =>
      tf.variableGrads(() => {
        const terms = model.computeLoss(x, y);
        inside = numbers(terms);
        return terms.loss;
      }),
    );
    expect(inside).toEqual(expected);
    expect(Object.keys(grads)).toHaveLength(4);
    tf.dispose([value, grads]);
  });

  it('is what a tidy around it may dispose of', () => {
    const model = new LargeMarginModel(denseNet(), options);
    expectNoLeak(() => tf.tidy(() => void model.computeLoss(x, y)));
  });

  it('gives margin and layers before their weights', () => {
    const list = [
      {name: 'input', weight: 3},
      {name: 'hidden1', weight: 0},
    ];
    const model = new LargeMarginModel(denseNet(), {
      gamma: 2,
      layers: list,
      marginWeight: 5,
      crossEntropyWeight: 7,
    });
    const {loss, crossEntropy, margin, layers} = numbers(model.computeLoss(x, y));
    expectClose([margin], [3 * layers.input], 1e-6);
    expectClose([loss], [7 * crossEntropy + 5 * margin], 1e-6);
    expect(layers.hidden1).toBeGreaterThan(0);
  });

  it('is the number of largeMarginLoss, of trainOnBatch and of evaluate', async () => {
    const base = denseNet();
    const model = new LargeMarginModel(base, options);
    const {loss, margin} = numbers(model.computeLoss(x, y));
    const [w, b, v, c] = base.getWeights() as tf.Tensor2D[];
    const {value} = tf.variableGrads(
      () => {
        const hidden1 = tf.tanh(tf.add(tf.matMul(x, w), b));
        const logits = tf.add(tf.matMul(hidden1, v), c) as tf.Tensor2D;
        return largeMarginLoss(y, logits, {input: x, hidden1}, options).loss;
      },
      base.trainableWeights.map(weight => weight.read() as tf.Variable),
    );
    model.compile({optimizer: tf.train.sgd(0.1)});
    const [evaluated] = model.evaluate(x, y) as tf.Scalar[];
    const trained = (await model.trainOnBatch(x, y)) as number[];
    expectClose([value.dataSync()[0], evaluated.dataSync()[0], trained[0]], [loss, loss, loss], 1e-5);
    expectClose([trained[2]], [margin], 1e-5);
  });

  it('trains in a loop of the user as trainOnBatch does', async () => {
    const [model, other] = [0, 1].map(() => new LargeMarginModel(denseNet(), options));
    const optimizer = tf.train.sgd(0.1);
    other.compile({optimizer: tf.train.sgd(0.1)});
    for (let step = 0; step < 3; step++) {
      expectNoLeak(() => optimizer.minimize(() => model.computeLoss(x, y).loss));
      await other.trainOnBatch(x, y);
    }
    expectClose(weightsOf(model).flat(), weightsOf(other).flat(), 1e-6);
  });

  it('takes the label loss of compile', () => {
    const model = new LargeMarginModel(denseNet(), options);
    model.compile({optimizer: 'sgd', loss: 'meanSquaredError'});
    const expected = tf.tidy(() => tf.losses.meanSquaredError(y, model.predict(x) as tf.Tensor).dataSync());
    expectClose([numbers(model.computeLoss(x, y)).crossEntropy], expected, 1e-5);
  });

  it('takes class indices as well as one-hot labels', () => {
    const model = new LargeMarginModel(denseNet(), options);
    const indices = tf.tensor1d([0, 1, 2, 2, 1, 0], 'int32');
    expect(numbers(model.computeLoss(x, indices))).toEqual(numbers(model.computeLoss(x, y)));
    indices.dispose();
  });

  it('draws random rivals anew for each training step, and takes the top ones for training: false', () => {
    const model = new LargeMarginModel(denseNet({classes: 9}), {
      gamma: 5,
      rivals: 'random',
      seed: 3,
      clip: null,
    });
    const nine = labelsOf([0, 1, 2, 3, 4, 5], 9);
    const margin = (training: boolean) => numbers(model.computeLoss(x, nine, {training})).margin;
    // 8^6 draws of rivals: two steps agree by chance once in 260,000.
    expect(margin(true)).not.toBe(margin(true));
    expect(margin(false)).toBe(margin(false));
    const top = new LargeMarginModel(model.baseModel, {gamma: 5, clip: null});
    expectClose([margin(false)], [numbers(top.computeLoss(x, nine)).margin], 1e-6);
    const again = new LargeMarginModel(model.baseModel, {gamma: 5, rivals: 'random', seed: 3, clip: null});
    const fresh = new LargeMarginModel(model.baseModel, {gamma: 5, rivals: 'random', seed: 3, clip: null});
    const draws = (of: LargeMarginModel) => [0, 1, 2].map(() => numbers(of.computeLoss(x, nine)).margin);
    expect(draws(again)).toEqual(draws(fresh));
  });
});

describe('computeLoss on a live tape', () => {
  it('leaves the tape live and the same', () => {
    const model = new LargeMarginModel(denseNet(), options);
    const {value, grads} = tf.variableGrads(() => {
      const tape = liveTape();
      const {loss} = model.computeLoss(x, y);
      expect([isTapeLive(), liveTape() === tape]).toEqual([true, true]);
      return loss;
    });
    tf.dispose([value, grads]);
  });

  it('may be called several times: the gradient of a sum is the sum of the gradients', () => {
    const model = new LargeMarginModel(denseNet(), options);
    const variables = model.trainableWeights.map(weight => weight.read() as tf.Variable);
    const gradient = (loss: () => tf.Scalar) =>
      Object.values(tf.tidy(() => tf.variableGrads(loss, variables).grads)).flatMap(g =>
        Array.from(g.dataSync()),
      );
    const other = labelsOf([1, 0, 0, 1, 2, 2]);
    const [one, two] = [y, other].map(labels => gradient(() => model.computeLoss(x, labels).loss));
    const both = gradient(() => tf.add(model.computeLoss(x, y).loss, model.computeLoss(x, other).loss));
    expectClose(
      both,
      one.map((value, i) => value + two[i]),
      1e-5,
    );
  });
});
