import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterAll, describe, expect, it} from 'vitest';
import {LargeMarginModel, LargeMarginOptimizer, schedules} from '../../../../plugin/index.js';
import {CheckpointFolder} from '../../../../plugin/node/checkpoints/index.js';
import type {CheckpointStore} from '../../../../plugin/training/resumable_args.js';
import {resumableFit} from '../../../../plugin/training/resumable_fit.js';
import {expectClose} from '../../../support/expect_close.js';
import {randomTensor} from '../../../support/randoms.js';
import {dense, labelsOf, seeded, weightsOf} from '../../../support/tiny_models.js';

/** Where files are that version 1 wrote; see the README above them. */
const FIXTURES = fileURLToPath(new URL('../../../fixtures/checkpoints/v1', import.meta.url));
const SAVED = '.saved';

const optimizers: Record<string, () => tf.Optimizer> = {
  adam: () => tf.train.adam(0.05),
  // One step taken, and the first of the two batches of the next.
  adapter: () =>
    new LargeMarginOptimizer('rmsprop', {
      learningRate: schedules.exponentialDecay({initial: 0.1, decaySteps: 1, decayRate: 0.5}),
      accumulationSteps: 2,
    }),
};

/** Two epochs of two batches, in an order of their own and with dropout. The third of all was saved. */
function begin(optimizer: string, seed: number) {
  const net = sequential({
    layers: [
      dense('hidden', 3, {inputShape: [2], activation: 'tanh'}),
      layers.dropout({rate: 0.4, name: 'drop'}),
      dense('scores', 3, {activation: 'softmax'}),
    ],
  });
  const model = new LargeMarginModel(seeded(net, seed), {gamma: 1, rivals: 'random', topK: 1, seed});
  const own = optimizers[optimizer]();
  if (own.getClassName() === 'LargeMarginOptimizer') (own as LargeMarginOptimizer).stream.seed = seed;
  model.compile({optimizer: own});
  return model;
}

const x = randomTensor<tf.Tensor2D>([5, 2], 1);
const y = labelsOf([0, 1, 2, 0, 1]);
const args = {epochs: 2, batchSize: 3, saveEvery: 1, seed: 2};

const folder = mkdtempSync(join(tmpdir(), 'checkpoint-v1-'));
afterAll(() => rmSync(folder, {recursive: true}));

/** What is known of a training whose checkpoint is kept. */
interface Known {
  checkpoint: string;
  weights: number[][];
  after: number[][];
  loss: number[];
}

describe.each(Object.keys(optimizers))('a checkpoint of version 1, with %s', optimizer => {
  const [files, json] = [join(FIXTURES, optimizer), join(FIXTURES, `${optimizer}.json`)];

  const make = async () => {
    const model = begin(optimizer, 1);
    const store = new CheckpointFolder(join(folder, 'made'), {keep: Infinity});
    let known: Omit<Known, 'after' | 'loss'> | undefined;
    const third: CheckpointStore = {
      load: async () => undefined,
      async save(step, saved) {
        if (step !== 3) return;
        rmSync(files, {recursive: true, force: true});
        mkdirSync(files, {recursive: true});
        const path = await store.save(step, saved);
        for (const name of readdirSync(path)) cpSync(join(path, name), join(files, name + SAVED));
        known = {checkpoint: path.slice(path.lastIndexOf('/') + 1), weights: weightsOf(model)};
      },
    };
    const {history} = await resumableFit(model, x, y, {...args, checkpoints: third});
    const all: Known = {...known!, after: weightsOf(model), loss: history.loss};
    writeFileSync(json, `${JSON.stringify(all)}\n`);
  };
  // No test: it writes what the tests read.
  if (process.env.MAKE_CHECKPOINTS) it('is made', make);

  it('loads bit for bit, and the next step gives the numbers that it gave then', async () => {
    const known = JSON.parse(readFileSync(json, 'utf8')) as Known;
    const path = join(folder, optimizer, known.checkpoint);
    mkdirSync(path, {recursive: true});
    for (const name of readdirSync(files))
      cpSync(join(files, name), join(path, name.slice(0, -SAVED.length)));
    const model = begin(optimizer, 9);
    let first: number[][] | undefined;
    const onBatchBegin = () => void (first ??= weightsOf(model));
    const checkpoints = new CheckpointFolder(join(folder, optimizer));
    const {history, epoch} = await resumableFit(model, x, y, {
      ...args,
      checkpoints,
      callbacks: {onBatchBegin},
    });
    expect(first).toEqual(known.weights);
    expect(epoch).toEqual([0, 1]);
    // Another processor may round otherwise.
    expectClose(weightsOf(model).flat(), known.after.flat(), 1e-6);
    expectClose(history.loss, known.loss, 1e-6);
    expect(known.after).not.toEqual(known.weights);
  });
});
