import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {exampleLosses} from '../../plugin/example_losses.js';
import type {LabelLoss} from '../../plugin/label_losses.js';
import type {MarginPlan} from '../../plugin/margin_plan.js';
import {largeMarginLoss, type MarginOptions} from '../../src/index.js';
import {expectClose} from '../support/expect_close.js';
import {expectNoLeak, expectRefusal} from '../support/expect_no_leak.js';
import {planOf} from '../support/margin_plans.js';
import {taped} from '../support/taped.js';
import {denseNet, labelsOf} from '../support/tiny_models.js';

// Two examples, two classes, one linear layer: the logits are x times the identity.
const x = tf.tensor2d([
  [3, 1],
  [0, 0.5],
]);
const y = labelsOf([0, 0], 2);
const net = denseNet({units: [], inputs: 2, classes: 2, softmax: false});
const unused: LabelLoss = () => {
  throw new Error('not asked for');
};

interface Given {
  options?: object;
  labels?: tf.Tensor;
  loss?: unknown;
  compute?: LabelLoss;
}

function numbers({options, labels = y, loss = 'categoricalCrossentropy', compute = unused}: Given = {}) {
  const plan: MarginPlan = planOf(net, {layers: ['input'], gamma: 2, epsilon: 1e-12, ...options});
  return expectNoLeak(() =>
    taped(() => {
      const logits = tf.mul(x, 1) as tf.Tensor2D;
      const tensors = {labels, outputs: tf.softmax(logits), logits, activations: {input: x}};
      const {losses, terms} = exampleLosses('f', plan, tensors, loss, compute);
      const read = (t: tf.Tensor) => Array.from(t.dataSync());
      return {
        ...{losses: read(losses), shape: losses.shape, labelLoss: read(terms.crossEntropy)},
        ...{margin: read(terms.margin), layer: read(terms.layers.input)},
      };
    }),
  );
}

// -log softmax: log(1 + e^-2) and log(1 + e^0.5).
const crossEntropies = [Math.log(1 + Math.exp(-2)), Math.log(1 + Math.exp(0.5))];
// The gap over its gradient's norm, sqrt 2: 2 / sqrt 2 and -0.5 / sqrt 2; the penalty is what 2 is more.
const penalties = [2 - Math.SQRT2, 2 + 0.5 / Math.SQRT2];
const meanOf = ([a, b]: number[]) => (a + b) / 2;

describe('exampleLosses', () => {
  it('are label loss and margin of each example, each with its weight; the terms are means before the weights', () => {
    const {losses, shape, labelLoss, margin, layer} = numbers({
      options: {marginWeight: 3, crossEntropyWeight: 0.5},
    });
    expect(shape).toEqual([2]);
    expectClose(
      losses,
      crossEntropies.map((c, i) => 0.5 * c + 3 * penalties[i]),
      1e-6,
    );
    expectClose(labelLoss, [meanOf(crossEntropies)], 1e-6);
    expectClose(margin, [meanOf(penalties)], 1e-6);
    expectClose(layer, [meanOf(penalties)], 1e-6);
  });

  it('have the mean of largeMarginLoss, as the weights of layers and rivals have it', () => {
    const layers: MarginOptions['layers'] = [{name: 'input', weight: 5, norm: 'linf'}];
    const options: MarginOptions = {gamma: 2, layers, reduceLayers: 'mean'};
    const {losses} = numbers({options});
    const expected = taped(
      () => largeMarginLoss(y, tf.mul(x, 1) as tf.Tensor2D, {input: x}, options).loss.dataSync()[0],
    );
    expectClose([meanOf(losses)], [expected], 1e-6);
  });

  it('smooth the labels of a cross-entropy', () => {
    // 0.9 x the loss of the label + 0.1 x the mean of the losses of both.
    const others = [2 + crossEntropies[0], crossEntropies[1] - 0.5];
    const expected = crossEntropies.map((c, i) => 0.9 * c + (0.1 * (c + others[i])) / 2 + penalties[i]);
    expectClose(numbers({options: {labelSmoothing: 0.1}}).losses, expected, 1e-6);
  });

  it('read class indices where the loss does', () => {
    const loss = 'sparseCategoricalCrossentropy';
    for (const labels of [tf.tensor1d([0, 0], 'int32'), tf.tensor2d([[0], [0]])])
      expect(numbers({labels, loss}).losses).toEqual(numbers().losses);
  });

  it.each<[string, LabelLoss, number[]]>([
    ['[batch]', () => tf.tensor1d([10, 20]), [10, 20]],
    ['one number for all', () => tf.scalar(15), [15, 15]],
    ['a column', () => tf.tensor2d([[10], [20]]), [10, 20]],
    ['a number for each class, whose mean counts', () => tf.tensor2d([[5, 15], [40, 0]]), [10, 20]], // prettier-ignore
  ])('add the margin to another loss that gives %s', (_, compute, expected) => {
    const {losses, labelLoss, shape} = numbers({loss: compute, compute});
    expect(shape).toEqual([2]);
    expectClose(
      losses,
      expected.map((value, i) => value + penalties[i]),
      1e-6,
    );
    expectClose(labelLoss, [15], 1e-6);
  });

  it('give another loss the labels as they came, and the outputs of the model', () => {
    const probability = Math.exp(-crossEntropies[0]);
    const compute: LabelLoss = (labels, outputs) => {
      expect(labels).toBe(y);
      return tf.sum(tf.mul(labels, outputs), 1);
    };
    expectClose([numbers({loss: 'any', compute}).losses[0] - penalties[0]], [probability], 1e-6);
  });

  it.each<[string, Given, string]>([
    ['of another size', {labels: labelsOf([0, 1, 1], 2)}, '[2, 2] (one-hot)'],
    ['that are soft', {labels: tf.fill([2, 2], 0.5)}, 'one-hot (example 0)'],
    ['that are soft, for another loss', {labels: tf.fill([2, 2], 0.5), loss: unused}, 'one-hot (example 0)'],
    ['that are indices where one-hot ones are wanted', {labels: tf.tensor1d([0, 1])}, '(one-hot)'],
    [
      'that are one-hot where indices are wanted',
      {loss: 'sparseCategoricalCrossentropy'},
      '[2] (class indices)',
    ],
  ])('refuse labels %s', async (_, given, part) => {
    await expectRefusal(() => numbers(given), 'labels', 'f: expected labels', part);
  });
});
