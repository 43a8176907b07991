import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel, LargeMarginOptimizer} from '../../../plugin/index.js';
import {trainedModel} from '../../../plugin/model_internals.js';
import {EpochData} from '../../../plugin/training/epoch_data.js';
import {resolveFitArgs, type ResumableFitArgs} from '../../../plugin/training/resumable_args.js';
import {TrainingRun, type Trained} from '../../../plugin/training/training_run.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf} from '../../support/tiny_models.js';
import {expectKept} from '../../support/training_resumed.js';
import {jsonIn, TrainingStore} from '../../support/training_store.js';

const x = randomTensor<tf.Tensor2D>([7, 4], 1);
const y = labelsOf([0, 1, 2, 0, 1, 2, 1]);

function compiled(optimizer: tf.Optimizer = tf.train.sgd(0.1)) {
  const net = denseNet();
  net.compile({optimizer, loss: 'categoricalCrossentropy', metrics: ['accuracy']});
  return net;
}

async function run(
  args: ResumableFitArgs,
  model: ReturnType<typeof compiled> | LargeMarginModel = compiled(),
) {
  const resolved = resolveFitArgs('test', {batchSize: 3, ...args});
  const data = await EpochData.of(model, x, y, resolved);
  const trained = trainedModel(model) as unknown as Trained;
  try {
    return await new TrainingRun('test', model, trained, data, resolved).run();
  } finally {
    data.dispose();
  }
}

describe('TrainingRun', () => {
  it('calls hooks and saves in this order', async () => {
    const calls: string[] = [];
    const note =
      (name: string) =>
      (at?: unknown, logs: object = {}) =>
        void calls.push([name, at, ...Object.keys(logs)].join(' ').trim());
    const hooks = ['onTrainBegin', 'onEpochBegin', 'onBatchBegin', 'onBatchEnd', 'onEpochEnd', 'onTrainEnd'];
    const checkpoints = {
      save: async (step: number) => void calls.push(`save ${step}`),
      load: async () => undefined,
    };
    const callbacks = Object.fromEntries(hooks.map(name => [name, note(name)]));
    await run({callbacks, checkpoints, epochs: 2, saveEvery: 2, validationData: [x, y]});
    const batch = (i: number) => [`onBatchBegin ${i} batch size`, `onBatchEnd ${i} batch size loss acc`];
    const ended = (i: number) => `onEpochEnd ${i} loss acc val_loss val_acc`;
    expect(calls).toEqual([
      ...[
        'onTrainBegin',
        'onEpochBegin 0',
        ...batch(0),
        ...batch(1),
        'save 2',
        ...batch(2),
        ended(0),
        'save 3',
      ],
      ...[
        'onEpochBegin 1',
        ...batch(0),
        'save 4',
        ...batch(1),
        ...batch(2),
        ended(1),
        'save 6',
        'onTrainEnd',
      ],
    ]);
  });

  it('tells batches their numbers, and epochs their means, each example counted alike', async () => {
    const seen: Array<{size: number; loss: number}> = [];
    const onBatchEnd = (_: number, logs?: object) => void seen.push({...(logs as (typeof seen)[0])});
    const {history, epoch} = await run({callbacks: {onBatchEnd}, shuffle: false});
    expect(seen.map(({size}) => size)).toEqual([3, 3, 1]);
    const mean = seen.reduce((sum, {size, loss}) => sum + size * loss, 0) / 7;
    expect(history.loss).toEqual([mean]);
    expect(epoch).toEqual([0]);
  });

  it('ends an epoch where a callback stops the training, without validation, and goes no further', async () => {
    const model = compiled();
    const onBatchEnd = (batch: number) => {
      if (batch === 1) model.stopTraining = true;
    };
    const store = new TrainingStore();
    const args = {checkpoints: store, epochs: 3, validationData: [x, y] as [tf.Tensor, tf.Tensor]};
    const history = await run({...args, callbacks: {onBatchEnd}}, model);
    expect(history.epoch).toEqual([0]);
    expect(Object.keys(history.history)).toEqual(['loss', 'acc']);
    expect(store.saved.map(({step}) => step)).toEqual([2]);
    expect(await run(args)).toEqual(history);
    expect(store.saved.length).toBe(1);
  });

  it('ends the training where an adapter stops it', async () => {
    const optimizer = new LargeMarginOptimizer('sgd', {nonFinite: 'stop'});
    const model = new LargeMarginModel(denseNet(), {gamma: 1});
    model.compile({optimizer});
    let batches = 0;
    const spoil = () => {
      if (++batches === 2) (model.weights[0].read() as tf.Variable).assign(tf.fill([4, 5], NaN));
    };
    const {epoch, history} = await run({epochs: 4, callbacks: {onBatchBegin: spoil}}, model);
    expect([batches, epoch, history.loss]).toEqual([2, [0], [NaN]]);
  });

  it('takes scalars that a callback logs, and disposes of them', async () => {
    const onEpochEnd = (_: number, logs?: object) => void Object.assign(logs!, {mine: tf.scalar(5)});
    const model = compiled();
    const {history} = await expectNoLeakAsync(() => run({epochs: 2, callbacks: {onEpochEnd}}, model));
    expect(history.mine).toEqual([5, 5]);
  });

  it('writes down where it is', async () => {
    const store = new TrainingStore();
    await run({checkpoints: store, saveEvery: 2, epochs: 2, seed: 9});
    const at = store.saved.map(({files}) => {
      const {epoch, batch, step, isStopped, run} = jsonIn(files, 'training.json').progress as Record<
        string,
        never
      >;
      expect([isStopped, run]).toEqual([
        false,
        {'number of examples': 7, batchSize: 3, shuffle: true, seed: 9},
      ]);
      return [epoch, batch, step];
    });
    expect(at).toEqual([
      [0, 2, 2],
      [1, 0, 3],
      [1, 1, 4],
      [2, 0, 6],
    ]);
  });

  it('leaves no tensor behind, with all that it may have to do', async () => {
    const model = compiled();
    const all: ResumableFitArgs = {
      ...{epochs: 2, saveEvery: 1, checkpoints: new TrainingStore(), validationData: [x, y]},
      ...{augment: ([input]) => [tf.mul(input, 2)], classWeight: {0: 1, 1: 1, 2: 2}},
    };
    expect(await expectKept(() => run(all, model))).toBeUndefined();
  });

  it('lets others have their turn while it runs', async () => {
    let turns = 0;
    let isDone = false;
    const other = () => {
      if (isDone) return;
      turns++;
      setImmediate(other);
    };
    other();
    await run({epochs: 40, batchSize: 1});
    isDone = true;
    expect(turns).toBeGreaterThan(1);
  });
});
