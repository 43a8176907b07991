import * as tf from '@tensorflow/tfjs-core';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {earlyStopping} from '../../../plugin/callbacks/early_stopping.js';
import {NonFiniteLossError, terminateOnNaN} from '../../../plugin/callbacks/terminate_on_nan.js';
import {LargeMarginModel} from '../../../plugin/index.js';
import {errorOf, expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {ScriptedLogs} from '../../support/scripted_logs.js';
import {denseNet, labelsOf, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 0, 1, 2]);
const fit = {epochs: 4, batchSize: 2, shuffle: false, verbose: 0};

/** A model whose label loss becomes NaN or infinite at a training step, counted from 0; the margin stays finite. */
function spoiled(at: number, value = NaN) {
  let step = 0;
  const loss = (labels: tf.Tensor, outputs: tf.Tensor) =>
    tf.tidy(() => {
      const entropy = tf.neg(tf.sum(tf.mul(labels, tf.log(outputs)), -1));
      return step++ === at ? tf.mul(entropy, value) : entropy;
    });
  const model = new LargeMarginModel(denseNet(), {gamma: 1});
  model.compile({optimizer: tf.train.sgd(0.1), loss});
  return model;
}

describe('terminateOnNaN', () => {
  afterEach(() => void vi.restoreAllMocks());

  it.each([NaN, Infinity])('stops at the first batch whose loss is %s, and names its terms', async value => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const model = spoiled(4, value);
    const callback = terminateOnNaN();
    const {epoch, history} = await expectNoLeakAsync(() => model.fit(x, y, {...fit, callbacks: [callback]}));
    // Three batches an epoch: step 4 is batch 1 of epoch 1.
    expect(callback.found).toEqual({epoch: 1, batch: 1, terms: {loss: value, crossEntropy: value}});
    expect(epoch).toEqual([0, 1]);
    expect(history.margin.every(Number.isFinite)).toBe(true);
    expect(warn.mock.calls.flat()).toEqual([
      `terminateOnNaN: training stopped at batch 1 of epoch 1 (both from 0): loss ${value}, ` +
        `crossEntropy ${value}; try a smaller learning rate, or look for NaN in the data`,
    ]);
  });

  it('lets a training whose losses are finite be, and forgets what it found before', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const callback = terminateOnNaN();
    await spoiled(0).fit(x, y, {...fit, callbacks: [callback]});
    expect(callback.found).toMatchObject({epoch: 0, batch: 0});
    const {epoch} = await spoiled(99).fit(x, y, {...fit, callbacks: [callback]});
    expect([epoch, callback.found]).toEqual([[0, 1, 2, 3], undefined]);
  });

  it('reads batches whose logs another callback has turned into numbers', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const callback = terminateOnNaN();
    callback.setModel(spoiled(99));
    await callback.onTrainBegin();
    await callback.onEpochBegin(3);
    await callback.onBatchEnd(0, {batch: 0, size: 2, loss: 1, margin: NaN});
    expect(callback.found).toBeUndefined();
    await callback.onBatchEnd(1, {batch: 1, size: 2, loss: -Infinity, margin: NaN, crossEntropy: 1});
    expect(callback.found).toEqual({epoch: 3, batch: 1, terms: {loss: -Infinity, margin: NaN}});
    expect(callback.model.stopTraining).toBe(true);
  });

  it('works with fitDataset', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const callback = terminateOnNaN();
    const batches = {
      async iterator() {
        let left = 3;
        return {
          next: async () =>
            left-- > 0 ? {value: {xs: x.clone(), ys: y.clone()}} : {value: null, done: true},
        };
      },
    };
    const {epoch} = await spoiled(4).fitDataset(batches as never, {
      epochs: 4,
      verbose: 0,
      callbacks: [callback],
    });
    expect([epoch, callback.found]).toEqual([[0, 1], expect.objectContaining({epoch: 1, batch: 1})]);
  });

  it('gets the best weights back together with earlyStopping, without a validation that never came', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const model = spoiled(7);
    const script = new ScriptedLogs();
    const stop = earlyStopping({monitor: 'margin', patience: 9, minDelta: 1e-9, restoreBestWeights: true});
    await model.fit(x, y, {...fit, callbacks: [script, stop, terminateOnNaN()]});
    expect(script.weights[2].flat().some(Number.isNaN)).toBe(true);
    expect(weightsOf(model)).toEqual(script.weights[stop.bestEpoch!]);
    expect(weightsOf(model).flat().every(Number.isFinite)).toBe(true);
  });
});

describe('terminateOnNaN({raise: true})', () => {
  it('ends training with an error that says the same, and leaves nothing behind', async () => {
    const model = spoiled(4);
    const callbacks = [
      earlyStopping({monitor: 'loss', restoreBestWeights: true}),
      terminateOnNaN({raise: true}),
    ];
    const error = await expectNoLeakAsync(() => errorOf(() => model.fit(x, y, {...fit, callbacks})));
    expect(error).toBeInstanceOf(NonFiniteLossError);
    expect(error).toMatchObject({name: 'NonFiniteLossError', epoch: 1, batch: 1});
    expect((error as NonFiniteLossError).terms).toEqual({loss: NaN, crossEntropy: NaN});
    expect((error as Error).message).toMatch(/batch 1 of epoch 1 .*loss NaN, crossEntropy NaN/);
  });

  it('has closed the epoch before: the history goes up to it, in numbers', async () => {
    const model = spoiled(4);
    await errorOf(() => model.fit(x, y, {...fit, callbacks: [terminateOnNaN({raise: true})]}));
    expect(model.history.epoch).toEqual([0, 1]);
    expect(model.history.history.loss).toEqual([expect.any(Number), NaN]);
    expect(weightsOf(model).flat().some(Number.isNaN)).toBe(true);
  });

  it('throws nothing where all losses are finite', async () => {
    const {epoch} = await spoiled(99).fit(x, y, {...fit, callbacks: [terminateOnNaN({raise: true})]});
    expect(epoch).toEqual([0, 1, 2, 3]);
  });

  it('refuses other options', async () => {
    await expectRefusal(() => terminateOnNaN({raise: 1} as object), 'raise', 'terminateOnNaN');
    await expectRefusal(() => terminateOnNaN({throw: true} as object), 'args', /'throw'/);
  });

  it('refuses logs of a batch without a loss, naming those there are', async () => {
    const callback = terminateOnNaN();
    await expectRefusal(() => callback.onBatchEnd(0, {size: 3, acc: 1}), 'logs', /size.*acc/);
  });

  it('has nothing to save', () => {
    expect(terminateOnNaN().getState()).toBeUndefined();
    expect(() => terminateOnNaN().setState()).not.toThrow();
  });
});
