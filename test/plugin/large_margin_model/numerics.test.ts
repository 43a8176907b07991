import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel, type LargeMarginModelOptions} from '../../../plugin/index.js';
import {expectClose} from '../../support/expect_close.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([4, 4], 1);
const y = labelsOf([0, 1, 2, 1]);
const modes = [
  {gradient: 'exact', scores: 'logits'},
  {gradient: 'exact', scores: 'probabilities'},
  {gradient: 'firstOrder', scores: 'logits'},
  {gradient: 'firstOrder', scores: 'probabilities'},
] as const;

/** Replaces weights of a fresh 4 -> 5 -> 3 relu net: hidden kernel, hidden bias, kernel, bias. */
function net(change: (weights: tf.Tensor[]) => tf.Tensor[], softmax = true) {
  const base = denseNet({activation: 'relu', softmax});
  tf.tidy(() => base.setWeights(change(base.getWeights())));
  return base;
}

/** Loss, margin, cross-entropy and all gradients of one step. */
function stepOf(base: ReturnType<typeof net>, options: Partial<LargeMarginModelOptions>) {
  const model = new LargeMarginModel(base, {gamma: 1, layers: ['input', 'hidden1', 'output'], ...options});
  const variables = model.trainableWeights.map(weight => weight.read() as tf.Variable);
  let terms: number[] = [];
  const {value, grads} = tf.variableGrads(() => {
    const {loss, margin, crossEntropy} = model.computeLoss(x, y);
    terms = [loss, margin, crossEntropy].map(t => t.dataSync()[0]);
    return loss;
  }, variables);
  const gradients = variables.map(variable => Array.from(grads[variable.name].dataSync()));
  tf.dispose([value, grads]);
  return {terms, gradients};
}

const isFinite = (values: number[][]) => values.flat().every(Number.isFinite);

describe.each(modes)('%j: loss and gradients are finite', mode => {
  it('where a dead layer lets no gradient through, with the terms of gap / epsilon', () => {
    const dead = net(([w, b, v, c]) => [w, tf.fill(b.shape, -1e3), v, tf.add(tf.mul(c, 0), [0, 1, 3])]);
    const {terms, gradients} = stepOf(dead, {...mode, layers: ['input']});
    expect(isFinite([terms, ...gradients])).toBe(true);
    // Logits 0, 1, 3 for every example. Label 2 leads, 0 and 1 trail, by far more than gamma x epsilon: the terms
    // are 4, 4, 0, 4 gamma. Cross-entropy: log(1 + e + e^3) - logit.
    const z = Math.log(1 + Math.E + Math.E ** 3);
    expectClose(terms, [3 + z - 5 / 4, 3, z - 5 / 4], 1e-5);
    // Only the cross-entropy moves anything, and only the last bias: softmax - mean label.
    const p = [0, 1, 3].map(logit => Math.exp(logit - z));
    expectClose(gradients[3], [p[0] - 1 / 4, p[1] - 1 / 2, p[2] - 1 / 4], 1e-5);
    expectClose(gradients.slice(0, 2).flat(), new Array(25).fill(0), 0, 1);
  });

  it('where all scores are the same: distances are 0 and terms gamma', () => {
    const flat = net(([w, b, v, c]) => [w, b, tf.mul(v, 0), tf.mul(c, 0)]);
    const {terms, gradients} = stepOf(flat, mode);
    // At 'output' the gradient is not 0, at 'input' and 'hidden1' it is; the gap is 0 everywhere.
    expectClose(terms, [3 + Math.log(3), 3, Math.log(3)], 1e-5);
    expect(isFinite(gradients)).toBe(true);
  });

  it.each([30, 1e3, 1e4])('where logits are %s times as large and the softmax is saturated', factor => {
    const steep = net(([w, b, v, c]) => [w, b, tf.mul(v, factor), tf.mul(c, factor)]);
    const {terms, gradients} = stepOf(steep, mode);
    expect(isFinite([terms, ...gradients])).toBe(true);
    // The cross-entropy of true logits, in float64; a clip of probabilities would stop it at 16.
    const logits = tf.tidy(() =>
      (
        net(([w, b, v, c]) => [w, b, tf.mul(v, factor), tf.mul(c, factor)], false).predict(x) as tf.Tensor2D
      ).arraySync(),
    );
    const values = logits.map((row, i) => {
      const top = Math.max(...row);
      return (
        top + Math.log(row.reduce((total, value) => total + Math.exp(value - top), 0)) - row[[0, 1, 2, 1][i]]
      );
    });
    const mean = values.reduce((a, b) => a + b) / 4;
    expectClose([terms[2]], [mean], 1e-5);
    expect(mean).toBeGreaterThan(factor > 100 ? 100 : 1);
    // Somebody is wrong, so the last bias has a slope, however large the gap.
    expect(Math.max(...gradients[3].map(Math.abs))).toBeGreaterThan(0.01);
  });

  it('with the same numbers for a net that ends in softmax and one that gives logits', () => {
    const steep = ([w, b, v, c]: tf.Tensor[]) => [w, b, tf.mul(v, 100), c];
    const [a, b] = [true, false].map(softmax => stepOf(net(steep, softmax), mode));
    expectClose(a.terms, b.terms, 1e-5);
    expectClose(a.gradients.flat(), b.gradients.flat(), 1e-5);
  });
});

describe('what is not finite is reported', () => {
  it.each([NaN, Infinity])('%s in a weight makes loss and margin NaN, in every door', async value => {
    const broken = net(([w, b, v, c]) => [w, b, v, tf.add(c, [0, value, 0])]);
    const model = new LargeMarginModel(broken, {gamma: 1});
    model.compile({optimizer: tf.train.sgd(0.1)});
    const {loss, margin} = model.computeLoss(x, y);
    expect([loss, margin].map(t => t.dataSync()[0])).toEqual([NaN, NaN]);
    const evaluated = (model.evaluate(x, y) as tf.Scalar[]).map(t => t.dataSync()[0]);
    expect([evaluated[0], evaluated[2]]).toEqual([NaN, NaN]);
    const trained = (await model.trainOnBatch(x, y)) as number[];
    expect([trained[0], trained[2]]).toEqual([NaN, NaN]);
    expect(Array.from(model.distances(x, y).input.dataSync()).some(Number.isFinite)).toBe(false);
  });

  it('a NaN in one example does not hide in the clip of its term', () => {
    const one = net(weights => weights);
    const model = new LargeMarginModel(one, {gamma: 1, clip: 4});
    const hidden = model.getLayer('hidden1');
    const original = hidden.call.bind(hidden);
    const spoiler = tf.tensor2d([[NaN], [0], [0], [0]]);
    hidden.call = (inputs, kwargs) => tf.tidy(() => tf.add(original(inputs, kwargs) as tf.Tensor, spoiler));
    expect(model.computeLoss(x, y).margin.dataSync()[0]).toBeNaN();
    expect(Array.from(model.distances(x, y).hidden1.dataSync(), Number.isFinite)).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });
});

describe('terms are bounded', () => {
  it.each([0.5, 4])('by 0 and clip x gamma, %s times', clip => {
    const model = new LargeMarginModel(
      net(([w, b, v, c]) => [w, b, tf.mul(v, 50), c]),
      {gamma: 0.3, clip, norm: 'linf'},
    );
    const {layers} = model.computeLoss(x, y);
    for (const term of Object.values(layers)) {
      expect(term.dataSync()[0]).toBeGreaterThanOrEqual(0);
      expect(term.dataSync()[0]).toBeLessThanOrEqual(clip * 0.3 + 1e-7);
    }
  });
});
