import * as tf from '@tensorflow/tfjs-core';
import type {ModelFitArgs} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {earlyStopping, type EarlyStopping} from '../../../plugin/callbacks/early_stopping.js';
import {LargeMarginModel} from '../../../plugin/index.js';
import {errorOf, expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {Breakdown, ScriptedLogs} from '../../support/scripted_logs.js';
import {denseNet, labelsOf, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 0, 1, 2]);
const still: ModelFitArgs = {batchSize: 3, shuffle: false, verbose: 0};

function compiled(): LargeMarginModel {
  const model = new LargeMarginModel(denseNet(), {gamma: 1});
  model.compile({optimizer: tf.train.sgd(0.1), metrics: ['accuracy']});
  return model;
}

/** Trains for as many epochs as there are values of the log `score`, and notes the weights of each. */
async function run(stop: EarlyStopping, score: number[], rest: ModelFitArgs = {}) {
  const model = compiled();
  const script = new ScriptedLogs({score});
  const {epoch} = await model.fit(x, y, {...still, epochs: score.length, callbacks: [script, stop], ...rest});
  return {model, script, epochs: epoch.length};
}

describe('earlyStopping', () => {
  it('stops at the first epoch that is no better, unless told to be patient', async () => {
    // 4 is better than nothing, 3 better than 4; 3 is not better than 3.
    const stop = earlyStopping({monitor: 'score', mode: 'min'});
    expect((await run(stop, [4, 3, 3, 1])).epochs).toBe(3);
    expect([stop.best, stop.bestEpoch, stop.stoppedEpoch]).toEqual([3, 1, 2]);
  });

  it('waits for as many epochs in a row as its patience', async () => {
    // Best 3 at epoch 1, then 1 epoch of waiting, best 2 at epoch 3, then 2 epochs of waiting: stopped at epoch 5.
    const stop = earlyStopping({monitor: 'score', mode: 'min', patience: 2});
    expect((await run(stop, [4, 3, 5, 2, 2, 2, 0])).epochs).toBe(6);
    expect([stop.best, stop.bestEpoch, stop.stoppedEpoch]).toEqual([2, 3, 5]);
  });

  it('counts what is larger as better in mode max', async () => {
    const stop = earlyStopping({monitor: 'score', mode: 'max'});
    expect((await run(stop, [1, 2, 1, 5])).epochs).toBe(3);
    expect([stop.best, stop.bestEpoch]).toEqual([2, 1]);
  });

  it('counts only what is better by more than minDelta, from the best and not from the last', async () => {
    // 3.5 is better than 4 by 0.5, not by more: waiting 1. 3 is better than 4 by 1. 2.75 and 2.5 are not enough.
    const stop = earlyStopping({monitor: 'score', mode: 'min', minDelta: 0.5, patience: 2});
    expect((await run(stop, [4, 3.5, 3, 2.75, 2.5, 0])).epochs).toBe(5);
    expect([stop.best, stop.bestEpoch]).toEqual([3, 2]);
  });

  it('notes the best below a baseline, and waits none the less until the baseline is beaten', async () => {
    // 6, 5, 4 are each the best so far, but not under 4: three epochs of waiting; at 7 the fourth stops it.
    const stop = earlyStopping({monitor: 'score', mode: 'min', patience: 3, baseline: 4});
    expect((await run(stop, [6, 5, 4, 7, 1])).epochs).toBe(4);
    expect([stop.best, stop.bestEpoch, stop.stoppedEpoch]).toEqual([4, 2, 3]);
  });

  it('does not look at epochs before startFromEpoch', async () => {
    // 0 at epoch 0 would have been the best; from epoch 2 on: 3 is the best, 3 again is not.
    const stop = earlyStopping({monitor: 'score', mode: 'min', startFromEpoch: 2});
    expect((await run(stop, [0, 9, 3, 3, 1])).epochs).toBe(4);
    expect([stop.best, stop.bestEpoch]).toEqual([3, 2]);
  });

  it('never counts NaN as better, first or last', async () => {
    // NaN, then 5 is the best; NaN and 5 are two epochs of waiting.
    const stop = earlyStopping({monitor: 'score', mode: 'min', patience: 2});
    expect((await run(stop, [NaN, 5, NaN, 5, 1])).epochs).toBe(4);
    expect([stop.best, stop.bestEpoch]).toEqual([5, 1]);
    const nothing = earlyStopping({monitor: 'score', mode: 'max', patience: 2, restoreBestWeights: true});
    expect((await run(nothing, [NaN, NaN, NaN])).epochs).toBe(2);
    expect([nothing.best, nothing.bestEpoch]).toEqual([undefined, undefined]);
  });

  it('never counts an epoch as better whose training loss is not finite', async () => {
    const logs = {score: [1, 2, 3], loss: [0.5, Infinity, NaN]};
    const stop = earlyStopping({monitor: 'score', mode: 'max', patience: 5});
    await run(stop, logs.score, {callbacks: [new ScriptedLogs(logs), stop]});
    expect([stop.best, stop.bestEpoch]).toEqual([1, 0]);
  });

  it('starts afresh with each training', async () => {
    const stop = earlyStopping({monitor: 'score', mode: 'min', patience: 1});
    await run(stop, [1, 2]);
    expect(stop.stoppedEpoch).toBe(1);
    expect((await run(stop, [9, 8, 7])).epochs).toBe(3);
    expect([stop.best, stop.bestEpoch, stop.stoppedEpoch]).toEqual([7, 2, undefined]);
  });

  it("monitors tfjs's own logs, which are scalars, and leaves them to tfjs", async () => {
    const model = compiled();
    const stop = earlyStopping({patience: 9});
    const {history} = await expectNoLeakAsync(() =>
      model.fit(x, y, {...still, epochs: 4, validationData: [x, y], callbacks: [stop]}),
    );
    const losses = history.val_loss as number[];
    expect(losses).toHaveLength(4);
    expect(stop.best).toBe(Math.min(...losses));
  });

  it('does not miss the monitored log in an epoch that another callback has cut short', async () => {
    const model = compiled();
    class Cut extends ScriptedLogs {
      override async onBatchEnd(): Promise<void> {
        this.model.stopTraining = true;
      }
    }
    const stop = earlyStopping();
    const validationData: [tf.Tensor, tf.Tensor] = [x, y];
    await model.fit(x, y, {...still, epochs: 2, validationData, callbacks: [new Cut(), stop]});
    expect([stop.best, stop.stoppedEpoch]).toEqual([undefined, undefined]);
  });
});

describe('earlyStopping with restoreBestWeights', () => {
  const restoring = {monitor: 'score', mode: 'min', patience: 2, restoreBestWeights: true} as const;

  it.each([
    ['where it stopped training', [3, 1, 2, 2, 0], 1],
    ['where training ended by itself', [3, 1, 2], 1],
    ['where the last epoch was the best', [3, 2, 1], 2],
  ])('puts the weights of the best epoch back, bit for bit, %s', async (_, score, best) => {
    const stop = earlyStopping(restoring);
    const {model, script} = await run(stop, score);
    expect(stop.bestEpoch).toBe(best);
    expect(weightsOf(model)).toEqual(script.weights[best]);
    expect(weightsOf(model)).toEqual(weightsOf(model.baseModel as never));
    expect(script.weights[best]).not.toEqual(script.weights[0]);
  });

  it('leaves the last weights where no epoch was better than another, or it is not asked to', async () => {
    const {model, script} = await run(earlyStopping(restoring), [NaN, NaN]);
    expect(weightsOf(model)).toEqual(script.weights[1]);
    const plain = await run(earlyStopping({...restoring, restoreBestWeights: false}), [1, 2, 2]);
    expect(weightsOf(plain.model)).toEqual(plain.script.weights[2]);
  });

  it('leaves no tensor behind', async () => {
    const model = compiled();
    const stop = earlyStopping(restoring);
    for (const score of [[3, 1, 2, 2, 0], [3, 1, 2], [NaN]]) {
      const callbacks = [new ScriptedLogs({score}), stop];
      await expectNoLeakAsync(() => model.fit(x, y, {...still, epochs: score.length, callbacks}));
    }
  });

  it('lets go of the weights of a training that an error ended when it is used again, or disposed of', async () => {
    const model = compiled();
    const stop = earlyStopping(restoring);
    const script = new ScriptedLogs({score: [3, 1, 2]});
    const broken = [script, stop, new Breakdown({epoch: 2, hook: 'onEpochBegin'})];
    // What tfjs itself leaves of such a training is in its history.
    const breakDown = async () => {
      expect(await errorOf(() => model.fit(x, y, {...still, epochs: 3, callbacks: broken}))).toBeDefined();
      await model.history.syncData();
    };
    const before = tf.memory().numTensors;
    await breakDown();
    expect(tf.memory().numTensors).toBe(before + model.weights.length);
    await model.fit(x, y, {...still, epochs: 3, callbacks: [script, stop]});
    expect(tf.memory().numTensors).toBe(before);
    await breakDown();
    stop.dispose();
    stop.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('earlyStopping refuses', () => {
  it('a monitor that is not in the logs, naming those that are, and leaves nothing behind', async () => {
    const model = compiled();
    const callbacks = () => [earlyStopping({restoreBestWeights: true})];
    const fit = () => model.fit(x, y, {...still, epochs: 2, callbacks: callbacks()});
    const parts = [/'val_loss'/, /loss, acc, crossEntropy, margin, margin_input/, /validation data/];
    await expectRefusal(fit, 'monitor', 'earlyStopping', ...parts);
  });

  it('it in a later epoch too, with the history so far in numbers', async () => {
    const model = compiled();
    class Once extends ScriptedLogs {
      override async onEpochEnd(epoch: number, logs: Record<string, unknown> = {}): Promise<void> {
        if (epoch === 0) logs.score = 1;
      }
    }
    const stop = earlyStopping({monitor: 'score', mode: 'min'});
    const fit = () => model.fit(x, y, {...still, epochs: 3, callbacks: [new Once(), stop]});
    await expectRefusal(fit, 'monitor', /'score'/);
    expect(model.history.history.loss).toEqual([expect.any(Number)]);
  });

  it.each([
    ['monitor', {monitor: 3}],
    ['minDelta', {minDelta: -1}],
    ['minDelta', {minDelta: NaN}],
    ['patience', {patience: 1.5}],
    ['patience', {patience: -1}],
    ['mode', {mode: 'up'}],
    ['mode', {monitor: 'val_f1'}],
    ['baseline', {baseline: NaN}],
    ['restoreBestWeights', {restoreBestWeights: 1}],
    ['startFromEpoch', {startFromEpoch: -1}],
    ['args', {verbose: 1}],
  ])('a bad %s: %j', async (argument, args) => {
    await expectRefusal(() => earlyStopping(args as object), argument, 'earlyStopping');
  });
});
