import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {planMargin, type LargeMarginModelOptions} from '../../plugin/margin_plan.js';
import {measureDistances, measureLoss, type LabelLosses} from '../../plugin/measure.js';
import {largeMarginLoss} from '../../src/loss/large_margin_loss.js';
import {expectClose} from '../support/expect_close.js';
import {expectNoLeak} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {taped} from '../support/taped.js';
import {denseNet, labelsOf} from '../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([5, 4], 1);
const labels = [0, 2, 1, 1, 0];
const y = labelsOf(labels);
const net = denseNet({units: [5]});
const [w, c, v, b] = net.getWeights() as tf.Tensor2D[];

/** The same net, written out. */
function byHand() {
  const hidden1 = tf.tanh(tf.add(tf.matMul(x, w), c));
  return {logits: tf.add(tf.matMul(hidden1, v), b) as tf.Tensor2D, activations: {input: x, hidden1}};
}

const losses = (rest: Partial<LabelLosses> = {}): LabelLosses => ({
  ...{losses: ['categoricalCrossentropy'], functions: [], exampleWeights: []},
  ...rest,
});

function measured(
  options: Partial<LargeMarginModelOptions> = {},
  labelLosses = losses(),
  regularizers: () => tf.Scalar[] = () => [],
  targets: tf.Tensor = y,
) {
  const plan = planMargin('f', net, {gamma: 2, ...options});
  return taped(() => {
    const {terms, outputs, outputLosses} = measureLoss(
      net,
      plan,
      [x],
      [targets],
      true,
      labelLosses,
      regularizers,
    );
    const number = (t: tf.Tensor) => t.dataSync()[0];
    return {
      ...{loss: number(terms.loss), crossEntropy: number(terms.crossEntropy), margin: number(terms.margin)},
      ...{layers: Object.values(terms.layers).map(number), output: outputs[0].dataSync()},
      outputLosses: outputLosses.map(number),
    };
  });
}

describe('measureLoss', () => {
  it.each<Partial<LargeMarginModelOptions>>([
    {},
    {scores: 'probabilities', norm: 'linf', topK: 2},
    {gradient: 'firstOrder', aggregate: 'sum', topK: 2, clip: null},
    {layers: ['output', 'hidden1'], marginWeight: 0.3, crossEntropyWeight: 2},
  ])('is largeMarginLoss of the same net written out: %j', options => {
    const [loss, margin, crossEntropy] = taped(() => {
      const {logits, activations} = byHand();
      const terms = largeMarginLoss(y, logits, activations, {gamma: 2, ...options});
      return [terms.loss, terms.margin, terms.crossEntropy].map(t => t.dataSync()[0]);
    });
    const result = measured(options);
    expectClose([result.loss, result.margin, result.crossEntropy], [loss, margin, crossEntropy], 1e-5);
  });

  it('gives outputs as the model does, with the softmax that it computes without', () => {
    expectClose(
      measured().output,
      tf.tidy(() => (net.predict(x) as tf.Tensor).dataSync()),
      1e-6,
    );
  });

  it('takes another function for the label loss, of labels and outputs', () => {
    const functions = [(labels: tf.Tensor, outputs: tf.Tensor) => tf.sum(tf.mul(labels, outputs), 1)];
    const {loss, crossEntropy, margin, outputLosses} = measured(
      {},
      losses({losses: [functions[0]], functions}),
    );
    const probabilities = tf.tidy(() => (net.predict(x) as tf.Tensor2D).arraySync());
    const mean = labels.reduce((total, label, i) => total + probabilities[i][label], 0) / 5;
    expectClose([crossEntropy, outputLosses[0], loss], [mean, mean, mean + margin], 1e-5);
  });

  it('weighs examples in the label loss and in the margin', () => {
    const exampleWeights = [tf.tensor1d([1, 0, 0, 0, 0])];
    const {crossEntropy, margin} = measured({}, losses({exampleWeights}));
    const first = taped(() => {
      const one = <T extends tf.Tensor>(t: T) => tf.slice(t, 0, 1) as T;
      const input = one(x);
      const hidden1 = tf.tanh(tf.add(tf.matMul(input, w), c));
      const scores = tf.add(tf.matMul(hidden1, v), b) as tf.Tensor2D;
      const terms = largeMarginLoss(one(y), scores, {input, hidden1}, {gamma: 2});
      return [terms.crossEntropy, terms.margin].map(t => t.dataSync()[0]);
    });
    // The mean over 5 examples of which only the first counts.
    expectClose(
      [crossEntropy, margin],
      first.map(value => value / 5),
      1e-5,
    );
    tf.dispose(exampleWeights);
  });

  it('adds regularizers to the loss and to nothing else', () => {
    const plain = measured();
    const heavy = measured({}, losses(), () => [tf.scalar(10), tf.scalar(5)]);
    expectClose(
      [heavy.loss, heavy.margin, heavy.crossEntropy],
      [plain.loss + 15, plain.margin, plain.crossEntropy],
      1e-5,
    );
  });

  it('reads class indices as well as one-hot rows', () => {
    const indices = tf.tensor1d(labels, 'int32');
    expectClose([measured({}, losses(), undefined, indices).loss], [measured().loss], 1e-7);
    indices.dispose();
  });
});

describe('measureDistances', () => {
  const plan = planMargin('f', net, {gamma: 2, topK: 2, layers: ['input', 'output']});
  const read = (batchSize: number, indices?: Int32Array) => {
    const distances = expectNoLeak(() => measureDistances(net, plan, [x], batchSize, indices));
    const values = Object.fromEntries(Object.entries(distances).map(([name, d]) => [name, d.arraySync()]));
    tf.dispose(distances);
    return values;
  };

  it('does not depend on how the examples fall into batches', () => {
    const whole = read(5, Int32Array.from(labels));
    expect(whole.input.map(row => row.length)).toEqual([2, 2, 2, 2, 2]);
    for (const size of [1, 2, 3, 100]) {
      const parts = read(size, Int32Array.from(labels));
      for (const name of ['input', 'output']) expectClose(parts[name].flat(), whole[name].flat(), 1e-5);
    }
  });

  it('takes the predicted class for the label where there is none: no distance is negative', () => {
    const predicted = tf.tidy(() => (net.predict(x) as tf.Tensor).argMax(1).dataSync() as Int32Array);
    const without = read(2);
    expectClose(without.input.flat(), read(5, predicted).input.flat(), 1e-5);
    expect(Math.min(...without.input.flat())).toBeGreaterThanOrEqual(0);
  });
});
