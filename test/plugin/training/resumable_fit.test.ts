import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {afterAll, describe, expect, it} from 'vitest';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {
  earlyStopping,
  LargeMarginModel,
  LargeMarginOptimizer,
  marginLoss,
  RandomStream,
} from '../../../plugin/index.js';
import {CheckpointFolder} from '../../../plugin/node/checkpoints/index.js';
import type {Data} from '../../../plugin/batch_checks.js';
import type {ResumableFitArgs} from '../../../plugin/training/resumable_args.js';
import {resumableFit} from '../../../plugin/training/resumable_fit.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {markedNet} from '../../support/marked_nets.js';
import {randomTensor} from '../../support/randoms.js';
import {dense, denseNet, labelsOf, weightsOf} from '../../support/tiny_models.js';
import {expectKept} from '../../support/training_resumed.js';
import {Interruption, jsonIn, TrainingStore, withState} from '../../support/training_store.js';

const x = randomTensor<tf.Tensor2D>([7, 4], 1);
const y = labelsOf([0, 1, 2, 0, 1, 2, 1]);
const loss = 'categoricalCrossentropy';

function wrapped(seed = 1, optimizer: tf.Optimizer = tf.train.adam(0.05)): LargeMarginModel {
  const model = new LargeMarginModel(denseNet({seed}), {gamma: 1, seed: 1});
  model.compile({optimizer});
  return model;
}

function plain(seed = 1): LayersModel {
  const model = denseNet({seed});
  model.compile({optimizer: tf.train.adam(0.05), loss, metrics: ['accuracy']});
  return model;
}

const folder = mkdtempSync(join(tmpdir(), 'resumable-fit-'));
afterAll(() => rmSync(folder, {recursive: true}));

describe('resumableFit', () => {
  it.each<[string, () => LayersModel]>([
    ['a LargeMarginModel', () => wrapped()],
    ['a plain model', () => plain()],
  ])('trains %s as fit does, where nothing is drawn', async (_, make) => {
    const [ours, theirs] = [make(), make()];
    const args = {epochs: 3, batchSize: 3, shuffle: false, validationData: [x, y] as [tf.Tensor, tf.Tensor]};
    const {history, epoch} = await resumableFit(ours, x, y, args);
    const fitted = await theirs.fit(x, y, {...args, verbose: 0});
    expect(weightsOf(ours)).toEqual(weightsOf(theirs));
    expect(epoch).toEqual(fitted.epoch);
    expect(Object.keys(history).sort()).toEqual(Object.keys(fitted.history).sort());
    // tfjs adds the losses of batches up in float32.
    for (const [name, values] of Object.entries(history)) {
      expectClose(values, fitted.history[name] as number[], 1e-6);
    }
  });

  it('goes on from a folder on a disk', async () => {
    const args: ResumableFitArgs = {epochs: 2, batchSize: 3, seed: 1, saveEvery: 1};
    const whole = wrapped();
    await resumableFit(whole, x, y, args);
    const checkpoints = () => new CheckpointFolder(join(folder, 'run'));
    let batches = 0;
    const onBatchEnd = () => {
      if (++batches === 5) throw new RangeError('power failure');
    };
    const first = resumableFit(wrapped(), x, y, {
      ...args,
      checkpoints: checkpoints(),
      callbacks: {onBatchEnd},
    });
    await expect(first).rejects.toThrow('power failure');
    expect(await checkpoints().list()).toEqual([3, 4]);
    const second = wrapped(2);
    await resumableFit(second, x, y, {...args, checkpoints: checkpoints()});
    expect(weightsOf(second)).toEqual(weightsOf(whole));
  });

  it('leaves no tensor behind', async () => {
    for (const model of [
      wrapped(),
      plain(),
      wrapped(1, new LargeMarginOptimizer('adam', {accumulationSteps: 2})),
    ]) {
      const args = {epochs: 2, batchSize: 3, checkpoints: new TrainingStore(), saveEvery: 1};
      // Slots come with the first steps, and an adapter's tensors of its counts with the first saving.
      await resumableFit(model, x, y, args);
      await expectNoLeakAsync(() => resumableFit(model, x, y, {...args, checkpoints: new TrainingStore()}));
    }
  });

  it('refuses bad arguments and data before any weight changes', async () => {
    const model = wrapped();
    const before = weightsOf(model);
    const fit =
      (args: object, data: Data = x, labels: Data = y) =>
      () =>
        resumableFit(model, data, labels, args);
    const [bad, two] = [tf.fill([7, 4], NaN), labelsOf([0, 1])];
    await expectRefusal(fit({epochs: 0}), 'epochs', 'resumableFit');
    await expectRefusal(fit({}, bad), 'x', 'finite');
    await expectRefusal(fit({}, x, two), 'labels');
    await expectRefusal(fit({validationData: [bad, y]}), 'x', 'finite');
    await expectRefusal(fit({validationData: [x, two]}), 'labels');
    await expectRefusal(fit({sampleWeight: tf.tidy(() => x)}), 'sampleWeight');
    expect(weightsOf(model)).toEqual(before);
    await resumableFit(model, x, y);
    expect(weightsOf(model)).not.toEqual(before);
  });

  it('refuses models that it cannot train', async () => {
    const nothing = null as unknown as LayersModel;
    await expectRefusal(() => resumableFit(nothing, x, y), 'model', 'compiled');
    const raw = denseNet();
    await expectRefusal(() => resumableFit(raw, x, y), 'model', 'compiled', 'call model.compile first');
    const net = plain();
    const sampleWeight = tf.ones([7]);
    await expectRefusal(
      () => resumableFit(net, x, y, {sampleWeight}),
      'model',
      'LargeMarginModel for sampleWeight',
    );
    const memory = sequential({
      layers: [layers.simpleRNN({units: 2, stateful: true, batchInputShape: [7, 2, 2]}), dense('scores', 3)],
    });
    memory.compile({optimizer: 'sgd', loss: 'meanSquaredError'});
    const sequences = tf.ones([7, 2, 2]);
    const checkpoints = new TrainingStore();
    await expectRefusal(() => resumableFit(memory, sequences, y, {checkpoints}), 'model', 'stateful');
  });

  it('trains a model once at a time', async () => {
    const model = wrapped();
    const first = resumableFit(model, x, y, {epochs: 2});
    await expect(resumableFit(model, x, y)).rejects.toThrow('to be trained once at a time');
    await expect(model.fit(x, y)).rejects.toThrow('another fit() call is ongoing');
    await first;
    await resumableFit(model, x, y);
  });
});

const base: ResumableFitArgs = {epochs: 2, batchSize: 3, saveEvery: 1, seed: 4};

/** What a training has saved that was interrupted after its second batch. */
async function interrupted(args: ResumableFitArgs = {}): Promise<TrainingStore> {
  const store = new TrainingStore(2);
  const run = resumableFit(wrapped(), x, y, {...base, ...args, checkpoints: store});
  await expect(run).rejects.toThrow(Interruption);
  store.most = Infinity;
  return store;
}

describe('resumableFit with a checkpoint', () => {
  it.each<[string, string | number, ResumableFitArgs]>([
    ['batchSize', 3, {batchSize: 2}],
    ['seed', 4, {seed: 5}],
    ['shuffle', 'true', {shuffle: false}],
    ['callbacks', 'none', {callbacks: earlyStopping({monitor: 'loss'})}],
    ['streams', 'augment, layers, shuffle', {streams: {mine: new RandomStream(1)}}],
  ])('refuses to go on with another %s than %s', async (argument, before, change) => {
    const checkpoints = await interrupted();
    const model = wrapped(2);
    const weights = weightsOf(model);
    const run = () => resumableFit(model, x, y, {...base, checkpoints, ...change});
    await expectRefusal(run, argument, `${before}`, 'resumableFit');
    expect(weightsOf(model)).toEqual(weights);
    expect(checkpoints.saved.length).toBe(2);
  });

  it('refuses to go on with more or fewer examples', async () => {
    const checkpoints = await interrupted();
    const model = wrapped(2);
    const [fewer, labels] = [tf.slice(x, 0, 6), tf.slice(y, 0, 6)];
    const run = () => resumableFit(model, fewer, labels, {...base, checkpoints});
    await expectRefusal(run, 'number of examples', 'to be 7, as it was before', 'got 6');
  });

  it('refuses to go on with another model or optimizer', async () => {
    const checkpoints = await interrupted();
    const wider = new LargeMarginModel(denseNet({units: [6]}), {gamma: 1});
    wider.compile({optimizer: tf.train.adam(0.05)});
    for (const [argument, model] of [
      ['model', wider],
      ['model', plain()],
      ['optimizer', wrapped(1, tf.train.sgd(0.1))],
      ['optimizer', wrapped(1, new LargeMarginOptimizer('adam'))],
    ] as Array<[string, LayersModel]>) {
      const weights = weightsOf(model);
      await expectRefusal(() => resumableFit(model, x, y, {...base, checkpoints}), argument, 'resumableFit');
      expect(weightsOf(model)).toEqual(weights);
    }
  });

  it('says in one sentence that a later version wrote it', async () => {
    const checkpoints = await interrupted();
    const [last] = checkpoints.saved.slice(-1);
    const later = {...jsonIn(last.files, 'training.json'), version: 2};
    checkpoints.saved.push({...last, files: withState(last.files, later)});
    const model = wrapped(2);
    await expectRefusal(
      () => resumableFit(model, x, y, {...base, checkpoints}),
      'the version of the checkpoint',
      /^resumableFit: expected the version of the checkpoint to be at most 1, got 2; update tfjs-large-margin$/,
    );
  });

  it('asks the store for an earlier one only where that is wanted, and passes on what the store throws', async () => {
    const asked: unknown[] = [];
    const checkpoints = {
      save: async () => {
        throw new RangeError('disk full');
      },
      load: async (options?: object) => void asked.push(options),
    };
    const model = wrapped();
    for (const fallback of [undefined, false, true]) {
      const run = () => resumableFit(model, x, y, {...base, checkpoints, fallback});
      await expect(run()).rejects.toThrow('disk full');
    }
    expect(asked).toEqual([{fallback: false}, {fallback: false}, {fallback: true}]);
    const load = async () => {
      throw new RangeError('unreadable');
    };
    const weights = weightsOf(model);
    const unreadable = () => resumableFit(model, x, y, {...base, checkpoints: {...checkpoints, load}});
    expect(String(await expectKept(unreadable))).toContain('unreadable');
    expect(weightsOf(model)).toEqual(weights);
  });
});

describe.each<[string, () => LayersModel]>([
  ['a LargeMarginModel', () => wrapped()],
  ['a LargeMarginModel under an adapter', () => wrapped(1, new LargeMarginOptimizer('adam'))],
  ['a plain model', () => plain()],
  [
    'a plain model with an attached adapter',
    () => {
      const model = denseNet();
      const optimizer = new LargeMarginOptimizer('adam', {model, gamma: 1});
      model.compile({optimizer, loss, metrics: ['accuracy']});
      return model;
    },
  ],
  [
    'a marked model with marginLoss under an adapter',
    () => {
      const model = markedNet();
      const optimizer = new LargeMarginOptimizer('adam');
      model.compile({optimizer, loss: marginLoss(model, {gamma: 1}), metrics: ['accuracy']});
      return model;
    },
  ],
])('resumableFit of %s that fails in the middle of an epoch', (_, make) => {
  const fail = (): never => {
    throw new RangeError('planted');
  };
  const onSecond = (f: (...given: never[]) => unknown) => {
    let calls = 0;
    return (...given: never[]) => (++calls === 2 ? f(...given) : given[0]);
  };
  const spoiled = ([input]: tf.Tensor[]) => [tf.mul(input, NaN)];

  it.each<[string, () => ResumableFitArgs]>([
    ['augment throws', () => ({augment: onSecond(fail) as never})],
    ['augment returns something else', () => ({augment: onSecond(() => [tf.scalar(1)]) as never})],
    ['augment makes NaN of a batch', () => ({augment: onSecond(spoiled as never) as never})],
    ['onBatchBegin throws', () => ({callbacks: {onBatchBegin: onSecond(fail) as never}})],
    ['onBatchEnd throws', () => ({callbacks: {onBatchEnd: onSecond(fail) as never}})],
    ['onEpochEnd throws', () => ({callbacks: {onEpochEnd: onSecond(fail) as never}})],
  ])('because %s leaves nothing behind, and goes on from its checkpoint', async (why, args) => {
    const [model, random] = [make(), Math.random];
    // Slots, and an adapter's tensors of its counts.
    await resumableFit(model, x, y, {...base, checkpoints: new TrainingStore()});
    const checkpoints = new TrainingStore();
    const run = () => resumableFit(model, x, y, {...base, checkpoints, ...args()});
    const error = await expectKept(run);
    // A plain model trains on with NaN: tfjs does not look.
    const isBlind = why.includes('NaN') && model.getClassName() !== 'LargeMarginModel' && !isAdapted(model);
    if (isBlind) expect(error).toBeUndefined();
    else expect(error).toBeInstanceOf(Error);
    expect(Math.random).toBe(random);
    if (isBlind) return;
    const saved = checkpoints.saved.length;
    expect(saved).toBe({onEpochEnd: 5, onBatchEnd: 1}[why.split(' ')[0]] ?? 1);
    expect(await expectKept(() => resumableFit(model, x, y, {...base, checkpoints}))).toBeUndefined();
    expect(checkpoints.saved.length).toBe(6);
  });
});

function isAdapted({optimizer}: LayersModel): boolean {
  return optimizer.getClassName() === 'LargeMarginOptimizer';
}
