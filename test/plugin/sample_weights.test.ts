import * as tf from '@tensorflow/tfjs-core';
import {beforeEach, describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import {combineWeights, readSampleWeights} from '../../plugin/sample_weights.js';
import {expectClose} from '../support/expect_close.js';
import {expectNoLeak, expectNoLeakAsync, expectRefusal} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {denseNet, labelsOf} from '../support/tiny_models.js';

const read = (weights: unknown, size = 2, outputs = ['a']) =>
  readSampleWeights('f', weights as tf.Tensor, size, outputs);

describe('readSampleWeights', () => {
  it('takes one tensor for all outputs, or one for each', () => {
    const [v, w] = [tf.tensor1d([0, 2]), tf.tensor1d([1, 3])];
    expect(read(v, 2, ['a', 'b'])).toEqual([v, v]);
    expect(read([v, w], 2, ['a', 'b'])).toEqual([v, w]);
    expect(read({b: w, a: v}, 2, ['a', 'b'])).toEqual([v, w]);
    tf.dispose([v, w]);
  });

  it.each<[string, () => tf.Tensor]>([
    ['another number of examples', () => tf.ones([3])],
    ['another rank', () => tf.ones([2, 1])],
    ['strings', () => tf.tensor1d(['1', '2'])],
    ['a NaN', () => tf.tensor1d([1, NaN])],
    ['an Infinity', () => tf.tensor1d([1, Infinity])],
    ['a negative number', () => tf.tensor1d([1, -1e-6])],
  ])('refuses %s', async (_, make) => {
    const weights = make();
    await expectRefusal(() => read(weights), 'sampleWeight', /^f: expected sampleWeight/);
    weights.dispose();
  });
});

describe('combineWeights', () => {
  it('multiplies with the weights of the classes and uses those up', () => {
    const [sample, classes] = [tf.tensor1d([1, 2]), tf.tensor1d([3, 4])];
    const [both] = combineWeights([sample], [classes]);
    expect([...both.dataSync()]).toEqual([3, 8]);
    expect([classes.isDisposed, sample.isDisposed]).toEqual([true, false]);
    const [alone] = expectNoLeak(() => combineWeights([sample], null));
    expect([...alone.dataSync()]).toEqual([1, 2]);
    tf.dispose([sample, both, alone]);
  });
});

describe('fit with weights of the examples', () => {
  const x = randomTensor<tf.Tensor2D>([4, 4], 7);
  const y = labelsOf([0, 1, 2, 0]);
  const options = {gamma: 2, layers: ['input', 'hidden1']};
  let model: LargeMarginModel;

  const compiled = () => {
    const made = new LargeMarginModel(denseNet(), options);
    made.compile({optimizer: tf.train.sgd(0.1)});
    return made;
  };
  const weightsOf = (of: LargeMarginModel) => of.getWeights().flatMap(w => [...w.dataSync()]);

  beforeEach(() => {
    model = compiled();
  });

  it('weighs margin and label loss alike: weight 2 is the example twice', async () => {
    const sampleWeight = tf.tensor1d([2, 1, 0, 1]);
    const {history} = await model.fit(x, y, {sampleWeight, batchSize: 4, epochs: 1, verbose: 0});
    const again = compiled();
    const rows = tf.tensor1d([0, 0, 1, 3], 'int32');
    await again.fit(tf.gather(x, rows), tf.gather(y, rows), {batchSize: 4, epochs: 1, verbose: 0});
    expectClose(weightsOf(model), weightsOf(again), 1e-6);
    expect(Object.keys(history)).toContain('margin_hidden1');
  });

  it('multiplies them with the weights of the classes', async () => {
    const classWeight = {0: 2, 1: 1, 2: 0};
    const sampleWeight = tf.tensor1d([0.5, 1, 1, 1]);
    await model.fit(x, y, {sampleWeight, classWeight, batchSize: 4, epochs: 1, verbose: 0});
    const again = compiled();
    await again.fit(x, y, {sampleWeight: tf.tensor1d([1, 1, 0, 2]), batchSize: 4, epochs: 1, verbose: 0});
    expectClose(weightsOf(model), weightsOf(again), 1e-6);
  });

  it('goes with shuffled batches, validation and several epochs without a leak', async () => {
    const sampleWeight = tf.tensor1d([1, 2, 3, 4]);
    const run = () =>
      model
        .fit(x, y, {sampleWeight, batchSize: 3, epochs: 2, validationSplit: 0.25, verbose: 0})
        .then(() => {});
    await run();
    await expectNoLeakAsync(run);
  });

  it('refuses bad ones before a weight changes', async () => {
    const before = weightsOf(model);
    const [short, negative] = [tf.ones([3]), tf.tensor1d([1, 1, 1, -1])];
    const fit = (sampleWeight: tf.Tensor) => () => model.fit(x, y, {sampleWeight, verbose: 0});
    await expectRefusal(fit(short), 'sampleWeight', 'of shape [4]');
    await expectRefusal(fit(negative), 'sampleWeight', '>= 0');
    expect(weightsOf(model)).toEqual(before);
  });
});
