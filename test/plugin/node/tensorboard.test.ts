import {existsSync, mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {Callback} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {learningRateLogger} from '../../../plugin/callbacks/learning_rate_logger.js';
import {LargeMarginModel} from '../../../plugin/index.js';
import {tensorBoard} from '../../../plugin/node/tensorboard.js';
import {errorOf, expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {eventFiles, readEvents} from '../../support/read_events.js';
import {temporaryFolder} from '../../support/temporary_folder.js';
import {denseNet, labelsOf, weightsOf} from '../../support/tiny_models.js';

const root = temporaryFolder();
const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 0, 1, 2]);
// Three batches an epoch.
const fit = {batchSize: 2, shuffle: false, verbose: 0};

let runs = 0;
const newFolder = () => join(root, `run${++runs}`);

function compiled(): LargeMarginModel {
  const model = new LargeMarginModel(denseNet(), {gamma: 1});
  model.compile({optimizer: tf.train.sgd(0.125), metrics: ['accuracy']});
  return model;
}

/** By tag, what a run's event files hold of it. */
function scalars(folder: string): Record<string, Array<[number, number]>> {
  const found: Record<string, Array<[number, number]>> = {};
  for (const {tag, step, value} of readEvents(folder)) (found[tag] ??= []).push([step, value]);
  return found;
}

/** Notes what batches log. */
class Batches extends Callback {
  readonly losses: number[] = [];

  override async onBatchEnd(_: number, logs: Record<string, number | tf.Scalar> = {}): Promise<void> {
    this.losses.push((await (logs.loss as tf.Scalar).data())[0]);
  }
}

describe('tensorBoard', () => {
  it('writes each epoch as Keras names it, in float32, and leaves no tensor behind', async () => {
    const folder = newFolder();
    const model = compiled();
    const callbacks = [learningRateLogger(), tensorBoard(folder)];
    const {history} = await expectNoLeakAsync(() =>
      model.fit(x, y, {...fit, epochs: 2, validationData: [x, y], callbacks}),
    );
    const logs = (isOurs: (key: string) => boolean, name: (key: string) => string) =>
      Object.fromEntries(
        Object.entries(history)
          .filter(([key]) => isOurs(key))
          .map(([key, values]) => [
            name(key),
            (values as number[]).map((value, i) => [i, Math.fround(value)]),
          ]),
      );
    const train = scalars(join(folder, 'train'));
    expect(train).toEqual(
      logs(
        key => !key.startsWith('val_'),
        key => `epoch_${key}`,
      ),
    );
    expect(Object.keys(train)).toEqual(
      expect.arrayContaining(['epoch_loss', 'epoch_margin_input', 'epoch_learningRate']),
    );
    const validation = scalars(join(folder, 'validation'));
    expect(validation).toEqual(
      logs(
        key => key.startsWith('val_'),
        key => `epoch_${key.slice(4)}`,
      ),
    );
    expect(validation.epoch_loss).toHaveLength(2);
  });

  it('makes no folder for a validation that there is not', async () => {
    const folder = newFolder();
    await compiled().fit(x, y, {...fit, epochs: 1, callbacks: [tensorBoard(folder)]});
    expect(existsSync(join(folder, 'validation'))).toBe(false);
  });

  it.each([
    ['batch', [1, 2, 3, 4, 5, 6]],
    [1, [1, 2, 3, 4, 5, 6]],
    [2, [2, 4, 6]],
    [4, [4]],
    [7, undefined],
    ['epoch', undefined],
  ] as const)('with updateFreq %s logs the batches %j beside the epochs', async (updateFreq, steps) => {
    const folder = newFolder();
    const batches = new Batches();
    const callbacks = [batches, tensorBoard(folder, {updateFreq})];
    const model = compiled();
    await expectNoLeakAsync(() => model.fit(x, y, {...fit, epochs: 2, callbacks}));
    const found = scalars(join(folder, 'train'));
    expect(found.batch_loss).toEqual(steps?.map(step => [step, batches.losses[step - 1]]));
    expect(found.epoch_loss).toHaveLength(2);
    expect(Object.keys(found).filter(tag => /batch_(batch|size)/.test(tag))).toEqual([]);
    if (steps) expect(found.batch_margin_input).toHaveLength(steps.length);
  });

  it('writes batches once so many wait, and all at the end of an epoch', async () => {
    const folder = newFolder();
    const written: number[] = [];
    class Watch extends Callback {
      override async onBatchEnd(): Promise<void> {
        const train = join(folder, 'train');
        written.push(existsSync(train) ? (scalars(train).batch_loss?.length ?? 0) : 0);
      }
    }
    const callbacks = [tensorBoard(folder, {updateFreq: 'batch', flushEvery: 2}), new Watch()];
    await compiled().fit(x, y, {...fit, epochs: 2, callbacks});
    expect(written).toEqual([0, 2, 2, 3, 5, 5]);
    expect(scalars(join(folder, 'train')).batch_loss).toHaveLength(6);
  });

  it('tells the time by the clock it is given, in seconds', async () => {
    const folder = newFolder();
    let clock = 1_700_000_000_000;
    await compiled().fit(x, y, {
      ...fit,
      epochs: 1,
      callbacks: [tensorBoard(folder, {now: () => (clock += 500)})],
    });
    // The event first, then the file for it.
    expect(new Set(readEvents(join(folder, 'train')).map(({wallTime}) => wallTime))).toEqual(
      new Set([1_700_000_000.5]),
    );
    expect(eventFiles(join(folder, 'train'))).toEqual(['events.out.tfevents.1700000001.0000']);
  });

  it('begins a file for each training, and counts batches from 1', async () => {
    const folder = newFolder();
    const callback = tensorBoard(folder, {updateFreq: 3, now: () => 0});
    for (let i = 0; i < 2; i++) await compiled().fit(x, y, {...fit, epochs: 1, callbacks: [callback]});
    expect(eventFiles(join(folder, 'train'))).toHaveLength(2);
    expect(scalars(join(folder, 'train')).batch_loss.map(([step]) => step)).toEqual([3, 3]);
  });

  it('resumed counts batches on', async () => {
    const folder = newFolder();
    const first = tensorBoard(folder, {updateFreq: 'batch', now: () => 0});
    await compiled().fit(x, y, {...fit, epochs: 1, callbacks: [first]});
    const next = tensorBoard(folder, {updateFreq: 'batch', now: () => 0});
    next.setState(first.getState());
    expect(next.getState()).toEqual({step: 3});
    await compiled().fit(x, y, {...fit, epochs: 2, initialEpoch: 1, callbacks: [next]});
    const found = scalars(join(folder, 'train'));
    expect(found.batch_loss.map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(found.epoch_loss.map(([step]) => step)).toEqual([0, 1]);
    expect(next.getState()).toEqual({step: 6});
  });

  it('does not lose the batches of a training that an error ended, when it is used again', async () => {
    const folder = newFolder();
    const callback = tensorBoard(folder, {updateFreq: 'batch'});
    callback.setModel(compiled());
    await callback.onTrainBegin();
    await callback.onBatchEnd(0, {batch: 0, size: 2, loss: 1});
    expect(existsSync(join(folder, 'train'))).toBe(false);
    await callback.onTrainBegin();
    expect(scalars(join(folder, 'train'))).toEqual({batch_loss: [[1, 1]]});
  });
});

describe('tensorBoard refuses', () => {
  it('a folder that cannot be made, before any weight changes', async () => {
    const folder = newFolder();
    writeFileSync(folder, '');
    const model = compiled();
    const before = weightsOf(model);
    const run = () => model.fit(x, y, {...fit, epochs: 1, callbacks: [tensorBoard(folder)]});
    expect(await expectNoLeakAsync(() => errorOf(run))).toMatchObject({code: 'EEXIST'});
    expect(weightsOf(model)).toEqual(before);
  });

  it.each(['epoch', 'batch'] as const)(
    'to go on where it cannot write (%s), leaving no tensor behind, and can be used again',
    async updateFreq => {
      const folder = newFolder();
      mkdirSync(folder);
      writeFileSync(join(folder, 'train'), '');
      const model = compiled();
      const callback = tensorBoard(folder, {updateFreq, flushEvery: 1});
      const batches = new Batches();
      const run = () => model.fit(x, y, {...fit, epochs: 3, callbacks: [batches, callback]});
      expect(await expectNoLeakAsync(() => errorOf(run))).toMatchObject({code: 'EEXIST'});
      expect(batches.losses).toHaveLength(updateFreq === 'batch' ? 1 : 3);
      rmSync(join(folder, 'train'));
      expect(await expectNoLeakAsync(() => errorOf(run))).toBeUndefined();
      // The events that could not be written come first.
      const steps = scalars(join(folder, 'train'))[`${updateFreq}_loss`].map(([step]) => step);
      expect(steps.slice(0, 2)).toEqual(updateFreq === 'batch' ? [1, 1] : [0, 0]);
    },
  );

  it.each([
    ['logDir', ['']],
    ['logDir', [undefined]],
    ['updateFreq', ['a', {updateFreq: 'step'}]],
    ['updateFreq', ['a', {updateFreq: 0}]],
    ['updateFreq', ['a', {updateFreq: 1.5}]],
    ['flushEvery', ['a', {flushEvery: 0}]],
    ['now', ['a', {now: 5}]],
    ['args', ['a', {histogramFreq: 1}]],
  ])('a bad %s: %j', async (argument, args) => {
    await expectRefusal(() => tensorBoard(...(args as [string])), argument, 'tensorBoard');
  });

  it.each([null, {}, {step: -1}, {step: 'a'}])('the state %j', async state => {
    await expectRefusal(() => tensorBoard('a').setState(state as never), 'step of state', 'tensorBoard');
  });
});
