import {Callback, CustomCallback} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {earlyStopping} from '../../../plugin/index.js';
import type {UserCallback} from '../../../plugin/training/resumable_args.js';
import {TrainingCallbacks} from '../../../plugin/training/training_callbacks.js';
import {denseNet} from '../../support/tiny_models.js';

const params = {epochs: 3, batchSize: 2, samples: 5, metrics: ['loss', 'val_loss'], doValidation: true};

/** Notes all that it is told. */
class Noting extends Callback {
  readonly notes: unknown[] = [];
  override async onTrainBegin() {
    this.notes.push('train begins');
  }
  override async onEpochBegin(epoch: number, logs?: object) {
    this.notes.push(['epoch begins', epoch, logs]);
  }
  override async onBatchBegin(batch: number, logs?: object) {
    this.notes.push(['batch begins', batch, logs]);
  }
  override async onBatchEnd(batch: number, logs?: object) {
    this.notes.push(['batch ends', batch, logs]);
  }
  override async onEpochEnd(epoch: number, logs?: object) {
    this.notes.push(['epoch ends', epoch, logs]);
  }
  override async onTrainEnd() {
    this.notes.push('train ends');
  }
}

async function callAll(callbacks: TrainingCallbacks): Promise<void> {
  await callbacks.call('onTrainBegin');
  await callbacks.call('onEpochBegin', 4, {});
  await callbacks.call('onBatchBegin', 2, {size: 3});
  await callbacks.call('onBatchEnd', 2, {loss: 1});
  await callbacks.call('onEpochEnd', 4, {loss: 2});
  await callbacks.call('onTrainEnd');
}

describe('TrainingCallbacks', () => {
  it('calls each hook of each callback with what it is given', async () => {
    const [first, second] = [new Noting(), new Noting()];
    await callAll(new TrainingCallbacks([first, second], denseNet(), params));
    expect(first.notes).toEqual([
      'train begins',
      ['epoch begins', 4, {}],
      ['batch begins', 2, {size: 3}],
      ['batch ends', 2, {loss: 1}],
      ['epoch ends', 4, {loss: 2}],
      'train ends',
    ]);
    expect(second.notes).toEqual(first.notes);
  });

  it('takes one callback, several, functions by the names of hooks, a mixture, and none', async () => {
    const calls: string[] = [];
    const own = {onEpochEnd: (epoch: number) => void calls.push(`own ${epoch}`)};
    const custom = new CustomCallback({onEpochEnd: epoch => void calls.push(`custom ${epoch}`)}, 'never');
    const stop = earlyStopping({monitor: 'loss'});
    for (const given of [undefined, own, [own], custom, [own, custom, new Noting()]] as UserCallback[]) {
      await callAll(new TrainingCallbacks(given, denseNet(), params));
    }
    expect(calls).toEqual(['own 4', 'own 4', 'custom 4', 'own 4', 'custom 4']);
    expect(new TrainingCallbacks([own, stop], denseNet(), params).list[1]).toBe(stop);
  });

  it('calls one after the other, so that a later one sees what an earlier one has logged', async () => {
    const slow = {
      onEpochEnd: async (_: number, logs?: object) => {
        await new Promise(resolve => setImmediate(resolve));
        Object.assign(logs!, {added: 5});
      },
    };
    const noting = new Noting();
    await new TrainingCallbacks([slow, noting], denseNet(), params).call('onEpochEnd', 0, {});
    expect(noting.notes).toEqual([['epoch ends', 0, {added: 5}]]);
  });

  it('tells them of the model and the training as tfjs does', () => {
    const [noting, model] = [new Noting(), denseNet()];
    new TrainingCallbacks(noting, model, params);
    const {model: told, params: given} = noting as unknown as Record<string, unknown>;
    expect(told).toBe(model);
    expect(given).toEqual({...params, initialEpoch: 0, steps: null, verbose: 0});
  });

  it('takes onYield, as tfjs does', async () => {
    let [yields, now] = [0, 0];
    const onYield = () => void yields++;
    const callbacks = new TrainingCallbacks({onYield, nowFunc: () => (now += 1000)}, denseNet(), params);
    await callAll(callbacks);
    expect(yields).toBe(1);
  });

  it('passes an error on', async () => {
    const onBatchEnd = () => {
      throw new RangeError('x');
    };
    const callbacks = new TrainingCallbacks({onBatchEnd}, denseNet(), params);
    await expect(callAll(callbacks)).rejects.toThrow(RangeError);
  });
});
