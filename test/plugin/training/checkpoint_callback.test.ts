import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {afterAll, describe, expect, it} from 'vitest';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {LargeMarginModel, LargeMarginOptimizer, resumableFit} from '../../../plugin/index.js';
import {CheckpointFolder} from '../../../plugin/node/checkpoints/index.js';
import {checkpoint, restoreCheckpoint} from '../../../plugin/training/checkpoint_callback.js';
import type {CheckpointStore} from '../../../plugin/training/resumable_args.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf, weightsOf} from '../../support/tiny_models.js';
import {expectKept} from '../../support/training_resumed.js';
import {jsonIn, TrainingStore, withState} from '../../support/training_store.js';

const x = randomTensor<tf.Tensor2D>([7, 4], 1);
const y = labelsOf([0, 1, 2, 0, 1, 2, 1]);
const fit = {batchSize: 3, shuffle: false, verbose: 0};

const folder = mkdtempSync(join(tmpdir(), 'checkpoint-callback-'));
afterAll(() => rmSync(folder, {recursive: true}));

const makers: Record<string, (seed: number) => LayersModel> = {
  'a LargeMarginModel with random rivals'(seed) {
    const model = new LargeMarginModel(denseNet({seed}), {gamma: 1, rivals: 'random', topK: 2, seed});
    model.compile({optimizer: tf.train.adam(0.1)});
    return model;
  },
  'a Sequential model'(seed) {
    const model = denseNet({seed});
    model.compile({optimizer: tf.train.momentum(0.1, 0.9), loss: 'categoricalCrossentropy'});
    return model;
  },
  'a model under an adapter'(seed) {
    const model = denseNet({seed});
    const optimizer = new LargeMarginOptimizer('adam', {model, gamma: 1, seed, accumulationSteps: 2});
    model.compile({optimizer, loss: 'categoricalCrossentropy'});
    return model;
  },
};

describe('checkpoint and restoreCheckpoint', () => {
  it.each(Object.keys(makers))('let fit of %s go on after each epoch', async name => {
    const make = makers[name];
    const [whole, store] = [make(1), new TrainingStore()];
    await whole.fit(x, y, {...fit, epochs: 4, callbacks: [checkpoint(store)]});
    expect(store.saved.map(({step}) => step)).toEqual([1, 2, 3, 4]);
    for (const epochs of [1, 2, 3, 4]) {
      const other = make(2);
      const initialEpoch = await restoreCheckpoint(other, store.upTo(epochs));
      expect(initialEpoch).toBe(epochs);
      await other.fit(x, y, {...fit, initialEpoch, epochs: 4});
      expect(weightsOf(other)).toEqual(weightsOf(whole));
    }
  });

  it('leave no tensor behind', async () => {
    for (const make of Object.values(makers)) {
      const [model, store] = [make(1), new TrainingStore()];
      const run = async () => {
        await model.fit(x, y, {...fit, epochs: 2, callbacks: [checkpoint(store)]});
        await restoreCheckpoint(model, store);
        // Tensors of an adapter's counts, gone with the restoring.
        if (model.optimizer.getClassName() === 'LargeMarginOptimizer') await model.optimizer.getWeights();
      };
      await run();
      await expectNoLeakAsync(run);
    }
  });

  it('save after so many epochs, on a disk', async () => {
    const [model, path] = [makers['a Sequential model'](1), join(folder, 'every')];
    const callbacks = [checkpoint(new CheckpointFolder(path), {every: 2})];
    await model.fit(x, y, {...fit, epochs: 5, callbacks});
    expect(await new CheckpointFolder(path).list()).toEqual([2, 4]);
    expect(await restoreCheckpoint(model, new CheckpointFolder(path))).toBe(4);
  });

  it('begin with epoch 0 where nothing was saved', async () => {
    const model = makers['a Sequential model'](1);
    const weights = weightsOf(model);
    expect(await restoreCheckpoint(model, new CheckpointFolder(join(folder, 'none')))).toBe(0);
    expect(weightsOf(model)).toEqual(weights);
  });

  it('refuse bad arguments', async () => {
    const store = new TrainingStore();
    const model = makers['a Sequential model'](1);
    for (const every of [0, 1.5, '2', NaN, null]) {
      await expectRefusal(() => checkpoint(store, {every: every as number}), 'every', 'checkpoint');
    }
    await expectRefusal(() => checkpoint({} as CheckpointStore), 'store', 'CheckpointFolder');
    await expectRefusal(() => checkpoint(store, {ever: 1} as object), 'args', 'ever');
    await expectRefusal(() => restoreCheckpoint(model, null as never), 'store', 'CheckpointFolder');
    await expectRefusal(() => restoreCheckpoint(null as never, store), 'model', 'compiled');
    const raw = denseNet();
    await expectRefusal(() => restoreCheckpoint(raw, store), 'model', 'call model.compile first');
  });

  it('refuse checkpoints of another model, of resumableFit, of later versions, and pass errors of the store on', async () => {
    const make = makers['a LargeMarginModel with random rivals'];
    const store = new TrainingStore();
    await make(1).fit(x, y, {...fit, callbacks: [checkpoint(store)]});
    const model = make(2);
    const weights = weightsOf(model);
    const wider = new LargeMarginModel(denseNet({units: [6]}), {gamma: 1});
    wider.compile({optimizer: tf.train.adam(0.1)});
    await expectRefusal(() => restoreCheckpoint(wider, store), 'model', 'hidden1/kernel');
    const resumable = new TrainingStore();
    await resumableFit(make(1), x, y, {checkpoints: resumable});
    await expectRefusal(() => restoreCheckpoint(model, resumable), 'streams', 'restoreCheckpoint');
    const {files} = store.saved[0];
    const later = withState(files, {...jsonIn(files, 'training.json'), version: 2});
    store.saved.push({step: 2, files: later});
    await expectRefusal(() => restoreCheckpoint(model, store), 'the version of the checkpoint', 'update');
    const load = async (options?: object) => {
      throw new RangeError(JSON.stringify(options));
    };
    const failing = {...store, save: async () => {}, load};
    const error = await expectKept(() => restoreCheckpoint(model, failing, {fallback: true}));
    expect(String(error)).toContain('{"fallback":true}');
    expect(weightsOf(model)).toEqual(weights);
  });

  it('pass on what keeps a checkpoint from being saved', async () => {
    const failing: CheckpointStore = {
      save: async () => {
        throw new RangeError('disk full');
      },
      load: async () => undefined,
    };
    const model = makers['a Sequential model'](1);
    await expect(model.fit(x, y, {...fit, callbacks: [checkpoint(failing)]})).rejects.toThrow('disk full');
  });
});
