import * as tf from '@tensorflow/tfjs-core';
import {Callback} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {learningRateLogger} from '../../../plugin/callbacks/learning_rate_logger.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 0, 1, 2]);
const loss = 'categoricalCrossentropy';

const optimizers: Array<[string, () => tf.Optimizer]> = [
  ['sgd', () => tf.train.sgd(0.125)],
  ['momentum', () => tf.train.momentum(0.125, 0.9)],
  ['adagrad', () => tf.train.adagrad(0.125)],
  ['adadelta', () => tf.train.adadelta(0.125)],
  ['rmsprop', () => tf.train.rmsprop(0.125)],
  ['adam', () => tf.train.adam(0.125)],
  ['adamax', () => tf.train.adamax(0.125)],
];

describe('learningRateLogger', () => {
  it.each(optimizers)('puts the learning rate of %s into the history', async (_, make) => {
    const model = denseNet();
    model.compile({optimizer: make(), loss});
    const {history} = await model.fit(x, y, {epochs: 2, verbose: 0, callbacks: [learningRateLogger()]});
    expect(history.learningRate).toEqual([0.125, 0.125]);
  });

  it('shows the rate of each epoch, to the callbacks after it too, and leaves nothing behind', async () => {
    /** A rate that halves with each step, by a getter as a scheduled optimizer has one. */
    class Halving extends tf.SGDOptimizer {
      constructor() {
        super(1);
        Object.defineProperty(this, 'learningRate', {get: () => 1 / 2 ** this.iterations});
      }
    }
    const model = denseNet();
    model.compile({optimizer: new Halving(), loss});
    const seen: unknown[] = [];
    class Next extends Callback {
      override async onEpochEnd(_: number, logs: Record<string, unknown> = {}): Promise<void> {
        seen.push(logs.learningRate);
      }
    }
    const fit = {epochs: 3, batchSize: 3, verbose: 0};
    await model.fit(x, y, {...fit, epochs: 1});
    const {history} = await expectNoLeakAsync(() =>
      model.fit(x, y, {...fit, callbacks: [learningRateLogger(), new Next()]}),
    );
    // Two steps each epoch, after two steps: 2^-4, 2^-6, 2^-8.
    expect(history.learningRate).toEqual([1 / 16, 1 / 64, 1 / 256]);
    expect(seen).toEqual(history.learningRate);
  });

  it('refuses an optimizer without one before any weight changes', async () => {
    class Bare extends tf.Optimizer {
      static className = 'Bare';
      override applyGradients(): void {}
      override getConfig() {
        return {};
      }
    }
    const model = denseNet();
    model.compile({optimizer: new Bare(), loss});
    const before = weightsOf(model);
    const fit = () => model.fit(x, y, {verbose: 0, callbacks: [learningRateLogger()]});
    await expectRefusal(fit, 'optimizer', 'learningRateLogger', /Bare/);
    expect(weightsOf(model)).toEqual(before);
  });

  it('has nothing to save', () => {
    const callback = learningRateLogger();
    expect(callback.getState()).toBeUndefined();
    expect(() => callback.setState()).not.toThrow();
  });
});
