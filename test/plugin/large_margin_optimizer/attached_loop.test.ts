import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {
  LargeMarginModel,
  LargeMarginOptimizer,
  type LargeMarginOptimizerOptions,
  type Observed,
} from '../../../plugin/index.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0]);
const OPTIONS = {gamma: 2, topK: 2, marginWeight: 0.5, crossEntropyWeight: 0.7} as const;

describe('in a loop of one’s own with an attached model', () => {
  /** The weights of a net after three steps of a user's own loop. */
  function looped(
    options: LargeMarginOptimizerOptions,
    softmax: boolean,
    tidy: boolean,
    weights?: tf.Tensor1D,
  ) {
    const net = denseNet({softmax});
    const optimizer = new LargeMarginOptimizer(tf.train.sgd(0.1), {...options, model: net});
    const trained = net.trainableWeights.map(weight => weight.read() as tf.Variable);
    const cost = () => {
      const outputs = net.apply(x, {training: true}) as tf.Tensor2D;
      optimizer.observe({labels: y, ...(weights && {sampleWeight: weights})});
      return crossEntropyOf(outputs, softmax, weights);
    };
    for (let step = 0; step < 3; step++)
      expectNoLeak(() => void optimizer.minimize(() => (tidy ? tf.tidy(cost) : cost()), false, trained));
    return weightsOf(net).flat();
  }

  const crossEntropyOf = (outputs: tf.Tensor2D, softmax: boolean, weights?: tf.Tensor1D) => {
    const logits = softmax ? tf.log(outputs) : outputs;
    const losses = tf.neg(tf.sum(tf.mul(y, tf.logSoftmax(logits)), 1));
    return tf.mean(weights ? tf.mul(losses, weights) : losses) as tf.Scalar;
  };

  const cases = [true, false].flatMap(softmax => [true, false].map(tidy => ({softmax, tidy})));
  it.each(cases)(
    'labels are enough: the steps are those of a LargeMarginModel (%j)',
    async ({softmax, tidy}) => {
      for (const gradient of ['exact', 'firstOrder'] as const) {
        const options = {...OPTIONS, gradient};
        const model = new LargeMarginModel(denseNet({softmax}), options);
        model.compile({optimizer: tf.train.sgd(0.1)});
        for (let step = 0; step < 3; step++) await model.trainOnBatch(x, y);
        expectClose(looped(options, softmax, tidy), weightsOf(model).flat(), 1e-6);
      }
    },
  );

  it('sampleWeight is that of fit of a LargeMarginModel', async () => {
    const weights = tf.tensor1d([1, 0, 2, 0.5, 3, 1]);
    const model = new LargeMarginModel(denseNet(), OPTIONS);
    model.compile({optimizer: tf.train.sgd(0.1)});
    await model.fit(x, y, {sampleWeight: weights, batchSize: 6, epochs: 3, shuffle: false, verbose: 0});
    expectClose(looped(OPTIONS, true, false, weights), weightsOf(model).flat(), 1e-6);
    weights.dispose();
  });

  const attached = (options: LargeMarginOptimizerOptions = OPTIONS) => {
    const net = denseNet();
    return {net, optimizer: new LargeMarginOptimizer(tf.train.sgd(0.1), {...options, model: net})};
  };
  const step = (net: LayersModel, optimizer: LargeMarginOptimizer, observed: object) => () =>
    optimizer.minimize(() => {
      const outputs = net.apply(x, {training: true}) as tf.Tensor2D;
      optimizer.observe(observed as Observed);
      return crossEntropyOf(outputs, true);
    });

  it.each<[string, string, object]>([
    ['logits without activations', 'activations', {labels: y, logits: y}],
    ['activations without logits', 'logits', {labels: y, activations: {x}}],
    ['weights of another size', 'sampleWeight', {labels: y, sampleWeight: tf.tensor1d([1, 2])}],
    ['labels out of range', 'labels', {labels: tf.tensor1d([0, 1, 2, 3, 1, 0], 'int32')}],
  ])('%s are refused, and no weight has moved', async (_, argument, observed) => {
    const {net, optimizer} = attached();
    const before = weightsOf(net);
    await expectRefusal(step(net, optimizer, observed), argument);
    expect(weightsOf(net)).toEqual(before);
  });

  it('label smoothing is refused', async () => {
    const {net, optimizer} = attached({...OPTIONS, labelSmoothing: 0.1});
    await expectRefusal(step(net, optimizer, {labels: y}), 'labelSmoothing');
  });

  it('a step that runs the model twice, or not at all, is refused', async () => {
    const {net, optimizer} = attached();
    const twice = () =>
      optimizer.minimize(() => {
        net.apply(x);
        const outputs = net.apply(x, {training: true}) as tf.Tensor2D;
        optimizer.observe({labels: y});
        return crossEntropyOf(outputs, true);
      });
    await expectRefusal(twice, 'model', '2 runs');
    const none = () =>
      optimizer.minimize(() => {
        optimizer.observe({labels: y});
        return tf.scalar(0);
      });
    await expectRefusal(none, 'model', '0 runs');
  });

  it('a step in which nothing is shown is refused, with the way out', async () => {
    const {net, optimizer} = attached();
    const silent = () => optimizer.minimize(() => crossEntropyOf(net.apply(x) as tf.Tensor2D, true));
    await expectRefusal(silent, 'the function f', 'observe', 'attach');
  });
});
