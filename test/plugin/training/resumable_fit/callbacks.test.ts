import * as tf from '@tensorflow/tfjs-core';
import {Callback} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {
  earlyStopping,
  LargeMarginModel,
  LargeMarginOptimizer,
  learningRateLogger,
  RandomStream,
  terminateOnNaN,
  type Json,
} from '../../../../plugin/index.js';
import type {ResumableFitArgs} from '../../../../plugin/training/resumable_args.js';
import {resumableFit} from '../../../../plugin/training/resumable_fit.js';
import {randomTensor} from '../../../support/randoms.js';
import {expectResumable, type Begun} from '../../../support/training_resumed.js';
import {Interruption, TrainingStore} from '../../../support/training_store.js';
import {denseNet, labelsOf, weightsOf} from '../../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([7, 4], 1);
const y = labelsOf([0, 1, 2, 0, 1, 2, 1]);
// The labels of the validation data are wrong, so that it gets worse while training gets better.
const validationData: [tf.Tensor, tf.Tensor] = [x, labelsOf([1, 2, 0, 1, 2, 0, 2])];
const base = {epochs: 6, batchSize: 3, seed: 5, saveEvery: 2, validationData};

function begun(seed: number, args: ResumableFitArgs, optimizer: tf.Optimizer = tf.train.adam(0.1)): Begun {
  const model = new LargeMarginModel(denseNet({seed}), {gamma: 1, seed});
  model.compile({optimizer, metrics: ['accuracy']});
  return {model, x, y, args: {...base, ...args}};
}

/** Halves the learning rate where the loss gets no better, and remembers it. */
class Plateau extends Callback {
  readonly key = 'plateau';
  private best = Infinity;

  override async onEpochEnd(_: number, logs: {loss?: number} = {}): Promise<void> {
    const optimizer = this.model.optimizer as tf.MomentumOptimizer | LargeMarginOptimizer;
    // Small enough that the fourth epoch is none.
    const {learningRate} = optimizer as unknown as {learningRate: number};
    if (logs.loss! >= this.best - 0.2) optimizer.setLearningRate(learningRate / 2);
    this.best = Math.min(this.best, logs.loss!);
  }

  getState(): Json {
    return {best: this.best};
  }

  setState(state: Json): void {
    this.best = (state as {best: number}).best;
  }
}

describe('resumableFit goes on as if never interrupted', () => {
  it.each<[string, {patience: number; mode?: 'min' | 'max'}]>([
    ['stops', {patience: 1}],
    ['does not stop', {patience: 9}],
  ])('with early stopping that %s and gives back the best weights', async (does, {patience}) => {
    const ended = await expectResumable(seed => {
      const stop = earlyStopping({monitor: 'val_loss', patience, restoreBestWeights: true});
      return {...begun(seed, {callbacks: [stop, terminateOnNaN()]}), also: () => [stop.best, stop.bestEpoch]};
    });
    expect(ended.history.epoch.length < 6).toBe(does === 'stops');
    const losses = ended.history.history.val_loss;
    expect(ended.also).toEqual([Math.min(...losses), losses.indexOf(Math.min(...losses))]);
  });

  it('interrupted between the last save and the end of training, where the best weights come back', async () => {
    const stop = () => earlyStopping({monitor: 'val_loss', patience: 1, restoreBestWeights: true});
    const whole = begun(1, {callbacks: stop()});
    await resumableFit(whole.model, x, y, {...whole.args, checkpoints: new TrainingStore()});
    const store = new TrainingStore();
    const onTrainEnd = () => {
      throw new Interruption();
    };
    const first = begun(1, {});
    const stopping = stop();
    const args = {...first.args, checkpoints: store, callbacks: [{onTrainEnd}, stopping]};
    await expect(resumableFit(first.model, x, y, args)).rejects.toThrow(Interruption);
    stopping.dispose();
    expect(weightsOf(first.model)).not.toEqual(weightsOf(whole.model));
    const second = begun(2, {callbacks: stop()});
    await resumableFit(second.model, x, y, {...second.args, checkpoints: store});
    expect(weightsOf(second.model)).toEqual(weightsOf(whole.model));
  });

  it.each<[string, () => tf.Optimizer]>([
    ['an optimizer of tfjs', () => tf.train.momentum(0.1, 0.9)],
    ['an adapter', () => new LargeMarginOptimizer(tf.train.momentum(0.1, 0.9))],
  ])('with a learning rate that a callback of a user has set, in %s', async (_, make) => {
    const {history} = await expectResumable(seed => {
      const optimizer = make();
      if (optimizer.getClassName() === 'LargeMarginOptimizer') {
        (optimizer as LargeMarginOptimizer).stream.seed = seed;
      }
      return begun(seed, {callbacks: [new Plateau(), learningRateLogger()]}, optimizer);
    });
    const rates = history.history.learningRate;
    expect(rates.length).toBe(6);
    expect(rates.at(-1)).toBeLessThan(rates[0]);
  });

  it("with a generator of the user's from which a callback draws", async () => {
    await expectResumable(seed => {
      const mine = new RandomStream(seed);
      const onBatchEnd = () => void mine.next();
      return {...begun(seed, {streams: {mine}, callbacks: {onBatchEnd}}), also: () => mine.getState()};
    });
  });
});
