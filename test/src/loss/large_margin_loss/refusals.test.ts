import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {largeMarginLoss} from '../../../../src/loss/large_margin_loss.js';
import type {MarginOptions} from '../../../../src/types.js';
import {expectClose} from '../../../support/expect_close.js';
import {expectRefusal} from '../../../support/expect_no_leak.js';
import {randomTensor} from '../../../support/randoms.js';
import {taped} from '../../../support/taped.js';

const x = randomTensor<tf.Tensor2D>([3, 4], 1);
const w = randomTensor<tf.Tensor2D>([4, 5], 2);
const v = randomTensor<tf.Tensor2D>([5, 3], 3);
const labels = tf.tensor1d([0, 2, 1], 'int32');

interface Call {
  y?: tf.Tensor;
  scores?: (hidden: tf.Tensor) => tf.Tensor;
  aside?: () => tf.Tensor;
  options?: object;
}

/** One call on a live tape, with everything sound but what is given. */
function call({y = labels, scores = h => tf.matMul(h, v), aside, options = {}}: Call = {}) {
  const hidden = tf.relu(tf.matMul(x, w));
  const activations = {input: x, first: hidden, ...(aside && {aside: aside()})};
  const all = {gamma: 1, ...options} as MarginOptions;
  return largeMarginLoss(y, scores(hidden) as tf.Tensor2D, activations, all);
}

const refuse = (args: Call, argument: string, ...parts: Array<string | RegExp>) =>
  expectRefusal(() => taped(() => void call(args)), argument, 'largeMarginLoss', ...parts);

const terms = (args: Call) =>
  taped(() => {
    const {loss, margin, crossEntropy} = call(args);
    return [loss, margin, crossEntropy].map(t => t.dataSync()[0]);
  });

describe('largeMarginLoss refuses', () => {
  it('to work where no tape is live, and says how to have one', async () => {
    const hidden = tf.relu(tf.matMul(x, w));
    const logits = tf.matMul(hidden, v) as tf.Tensor2D;
    const run = () => largeMarginLoss(labels, logits, {input: x, hidden}, {gamma: 1});
    await expectRefusal(run, 'logits', 'live tape', 'tf.variableGrads');
    tf.dispose([hidden, logits]);
  });

  it.each<[string, object]>([
    ['gamma', {gamma: undefined}],
    ['gamma', {gamma: 0}],
    ['norm', {norm: 0.5}],
    ['topK', {topK: 3}],
    ['topK', {topK: 0}],
    ['epsilon', {epsilon: NaN}],
    ['options', {output: 'a'}],
  ])('a bad %s: %j', async (argument, options) => {
    await refuse({options}, argument);
  });

  it('logits of another rank, without examples, and of one class', async () => {
    await refuse({scores: h => tf.reshape(tf.matMul(h, v), [3, 1, 3])}, 'logits', '[batch, classes]');
    await refuse({scores: () => tf.zeros([0, 3])}, 'logits', 'at least one example');
    await refuse({scores: h => tf.sum(h, 1, true)}, 'logits', 'at least 2 classes');
  });

  it('an unknown layer, and lists the known', async () => {
    await refuse({options: {layers: ['conv']}}, 'layers', "'conv'", 'known layers: input, first');
  });

  it('an activation that does not lead to the scores, by name', async () => {
    await refuse({aside: () => tf.relu(x)}, 'layers', 'aside');
  });

  it('an activation of integers or of another batch size, by name and with both shapes', async () => {
    await refuse({aside: () => tf.zeros([3, 2], 'int32')}, 'activation aside', 'float32', 'int32 [3,2]');
    await refuse({aside: () => tf.zeros([2, 3])}, 'activation aside', '[3, ...]', '[2,3]');
  });

  it('labels of another shape, out of range and not one-hot', async () => {
    const [short, range, soft] = [tf.tensor1d([0, 1]), tf.tensor1d([0, 3, 1]), tf.fill([3, 3], 1 / 3)];
    await refuse({y: short}, 'labels', '[3, 3]', 'got [2]');
    await refuse({y: range}, 'labels', '0..2', 'example 1', 'got 3');
    await refuse({y: soft}, 'labels', 'one-hot', 'example 0');
    tf.dispose([short, range, soft]);
  });

  it('an operation without a trusted second derivative, and works with it in first-order mode', async () => {
    const scores = (h: tf.Tensor) => tf.mul(tf.matMul(h, v), tf.prod(h, 1, true));
    await refuse({scores}, 'gradient', 'Prod', "'firstOrder'");
    expect(terms({scores, options: {gradient: 'firstOrder'}}).every(Number.isFinite)).toBe(true);
  });
});

describe('largeMarginLoss stays finite', () => {
  it.each(['exact', 'firstOrder'] as const)('where all scores tie: every term is gamma (%s)', gradient => {
    // Every gap is 0, hence every distance; the label's probability is 1/3.
    const [loss, margin, ce] = terms({scores: h => tf.mul(tf.matMul(h, v), 0), options: {gradient}});
    expectClose([margin, ce, loss], [2, Math.log(3), 2 + Math.log(3)], 1e-6);
  });

  it.each(['exact', 'firstOrder'] as const)('where a dead layer leaves no gradient (%s)', gradient => {
    const bias = tf.tensor1d([1, 2, 4]);
    const scores = (h: tf.Tensor) => tf.add(tf.matMul(tf.relu(tf.sub(tf.neg(h), 1)), v), bias);
    const variable = tf.variable(bias);
    const {value, grads} = tf.variableGrads(
      () =>
        call({
          scores: h => tf.add(tf.sub(scores(h), bias), variable),
          options: {gradient, layers: ['first']},
        }).loss,
      [variable],
    );
    // Gaps 1 - 4, 4 - 2, 2 - 4 over epsilon: far beyond both bounds, so the terms are 4, 0, 4 gamma, slope 0;
    // cross-entropy of 1, 2, 4 at the labels 0, 2, 1.
    const z = Math.log(Math.exp(1) + Math.exp(2) + Math.exp(4));
    expectClose(value.dataSync(), [8 / 3 + (z - 1 + z - 4 + z - 2) / 3], 1e-6);
    const softmax = [1, 2, 4].map(b => Math.exp(b - z));
    expectClose(
      grads[variable.name].dataSync(),
      softmax.map(p => p - 1 / 3),
      1e-5,
    );
    tf.dispose([value, grads, variable, bias]);
  });

  it.each(['logits', 'probabilities'] as const)('for logits of 1e4 (%s)', scores => {
    const big = (h: tf.Tensor) => tf.mul(tf.matMul(h, v), 1e4);
    for (const gradient of ['exact', 'firstOrder'] as const) {
      expect(terms({scores: big, options: {scores, gradient}}).every(Number.isFinite)).toBe(true);
    }
  });

  it.each([NaN, Infinity])('but reports %s among the logits as NaN', value => {
    const broken = tf.tensor2d([0, 0, 0, 0, value, 0, 0, 0, 0], [3, 3]);
    const [loss, margin] = terms({scores: h => tf.add(tf.matMul(h, v), broken)});
    expect([loss, margin]).toEqual([NaN, NaN]);
    broken.dispose();
  });
});
