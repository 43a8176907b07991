import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {toClassifier} from '../../plugin/classifier.js';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import type {LargeMarginModelOptions} from '../../plugin/margin_plan.js';
import '../../plugin/register.js';
import {schedules} from '../../src/index.js';
import {expectClose} from '../support/expect_close.js';
import {expectNoLeak} from '../support/expect_no_leak.js';
import {dot, findSlope, leaningDirection} from '../support/finite_differences.js';
import {randomTensor} from '../support/randoms.js';
import {convNet, denseNet, labelsOf, seeded, weightsOf} from '../support/tiny_models.js';

const batchNormed = () =>
  seeded(
    sequential({
      layers: [
        layers.dense({units: 6, inputShape: [4], name: 'hidden1'}),
        layers.batchNormalization({name: 'norm'}),
        layers.activation({activation: 'tanh', name: 'act'}),
        layers.dropout({rate: 0.5}),
        layers.dense({units: 3, activation: 'softmax', name: 'scores'}),
      ],
    }),
    3,
  );
const picture = () => randomTensor([3, 6, 6, 2], 4, 0.7);
const vector = () => randomTensor([3, 4], 5);
const y = labelsOf([0, 2, 1]);

/** The relative error of the own loss's gradient at x, against finite differences of the loss. */
function gradientError(model: LayersModel, x: tf.Tensor, preprocess?: (x: tf.Tensor) => tf.Tensor) {
  const {ownLoss} = toClassifier(model, {preprocess});
  const value = (at: tf.Tensor) => tf.tidy(() => tf.sum(ownLoss!(at, y).losses).dataSync()[0]);
  const gradient = expectNoLeak(() => tf.grad(at => tf.sum(ownLoss!(at, y).losses))(x));
  const claimed = gradient.dataSync();
  const direction = leaningDirection(claimed, 7);
  const along = (t: number) => tf.tidy(() => value(tf.add(x, tf.mul(tf.tensor(direction, x.shape), t))));
  const {slope, isSettled} = findSlope(along, 0.04, Math.abs(dot(claimed, direction)) / 5);
  gradient.dispose();
  return {error: Math.abs(dot(claimed, direction) - slope) / Math.abs(slope), isSettled};
}

describe('the own loss of a LargeMarginModel', () => {
  it.each<[string, () => LayersModel, () => tf.Tensor, LargeMarginModelOptions]>([
    ['a dense net, l2, at all layers', denseNet, vector, {}],
    ['a dense net, linf, two rivals', denseNet, vector, {norm: 'linf', topK: 2, aggregate: 'sum'}],
    ['a net with batch norm and dropout', batchNormed, vector, {layers: ['input', 'act']}],
    [
      'a convolutional net with a pool',
      () => convNet({activation: 'tanh'}),
      picture,
      {layers: ['input', 'conv1']},
    ],
  ])('has the exact gradient with respect to x: %s', (_, net, makeX, options) => {
    const model = new LargeMarginModel(net(), {gamma: 2, ...options});
    const {error, isSettled} = gradientError(model, makeX());
    console.log(`${_}: error ${error}`);
    expect(isSettled).toBe(true);
    expect(error).toBeLessThan(2e-3);
  });

  it('has it through a preprocess, too', () => {
    const model = new LargeMarginModel(denseNet(), {gamma: 2});
    const {error} = gradientError(model, vector(), x => tf.mul(tf.tanh(x), 2));
    expect(error).toBeLessThan(2e-3);
  });

  it("holds the gradient norms constant in mode 'firstOrder': the slope is that of the gaps alone", () => {
    // One linear layer: the norm does not depend on x, and both modes agree; behind tanh they do not.
    const slopes = (net: () => LayersModel) =>
      (['exact', 'firstOrder'] as const).map(gradient => {
        const model = new LargeMarginModel(net(), {gamma: 9, layers: ['input'], gradient});
        const {ownLoss} = toClassifier(model);
        return tf.tidy(() =>
          tf
            .grad(x => tf.sum(ownLoss!(x, y).losses))(vector())
            .dataSync(),
        );
      });
    const [exact, first] = slopes(() => denseNet({units: []}));
    expectClose(first, exact, 1e-5);
    const [through, constant] = slopes(denseNet);
    expect(Math.max(...through.map((value, i) => Math.abs(value - constant[i])))).toBeGreaterThan(0.01);
  });

  it('is the loss that computeLoss gives in the mean, at the current step, with the compiled label loss', () => {
    const gamma = schedules.warmUp({from: 1, then: 3, steps: 10});
    for (const loss of ['categoricalCrossentropy', 'meanSquaredError', 'sparseCategoricalCrossentropy']) {
      const model = new LargeMarginModel(denseNet(), {
        gamma,
        marginWeight: 0.5,
        labelSmoothing: loss[0] === 'c' ? 0.1 : 0,
      });
      model.compile({optimizer: 'sgd', loss});
      model.stream.steps = 4;
      const x = vector();
      const {ownLoss} = toClassifier(model);
      const own = expectNoLeak(() => tf.tidy(() => tf.mean(ownLoss!(x, y).losses).dataSync()));
      const labels = loss[0] === 's' ? tf.tensor1d([0, 2, 1], 'int32') : y;
      const whole = tf.tidy(() => model.computeLoss(x, labels, {training: false}).loss.dataSync());
      expectClose(own, whole, 1e-6);
    }
  });

  it('changes nothing of the model: no average, no counter, no weight', () => {
    const model = new LargeMarginModel(batchNormed(), {
      gamma: 1,
      layers: ['input'],
      rivals: 'random',
      seed: 3,
    });
    const [weights, stream] = [weightsOf(model), {...model.stream}];
    const {ownLoss} = toClassifier(model);
    const call = () => tf.tidy(() => Array.from(ownLoss!(vector(), y).losses.dataSync()));
    const first = call();
    expect(call()).toEqual(first);
    expect(weightsOf(model)).toEqual(weights);
    expect(model.stream).toEqual(stream);
  });

  it('leaves losses and logits, and nothing else, with a tape and without', () => {
    const {ownLoss} = toClassifier(new LargeMarginModel(convNet(), {gamma: 1}));
    const x = picture();
    const {logits, losses} = expectNoLeak(() => ownLoss!(x, y));
    expect([logits.shape, losses.shape]).toEqual([[3, 3], [3]]);
    tf.dispose([logits, losses]);
    expectNoLeak(() => tf.tidy(() => void tf.grad(at => tf.sum(ownLoss!(at, y).losses))(x)));
  });
});
