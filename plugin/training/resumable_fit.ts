import {dispose, keep, nextFrame, tidy, util, type Scalar, type Tensor} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {check, RandomStream, stepSeed} from '../../src/index.js';
import type {Data} from '../batch_checks.js';
import type {Json} from '../callbacks/resumable_callback.js';
import {trainedModel} from '../model_internals.js';
import {EpochData} from './epoch_data.js';
import {EpochLogs, type Logs} from './epoch_logs.js';
import {withRandom} from './randomness.js';
import {resolveFitArgs, type ResolvedFitArgs, type ResumableFitArgs} from './resumable_args.js';
import {TrainingCallbacks} from './training_callbacks.js';
import {readTraining, writeTraining, type Training} from './training_files.js';

const CALLER = 'resumableFit';

/** How long a page may wait for its turn. */
const TURN_MS = 20;

/** What was logged at the end of each epoch, those before an interruption among them. */
export interface TrainingHistory {
  epoch: number[];
  history: Record<string, number[]>;
}

/** Where a training is. */
interface Progress {
  epoch: number;
  /** The next batch of the epoch. */
  batch: number;
  /** Batches so far. */
  step: number;
  /** Whether a callback ended the training. */
  isStopped: boolean;
  /** State of the generator of orders when the epoch began. */
  epochBegan: number[];
  logs: Json;
  history: TrainingHistory;
}

/** Methods of LayersModel that its own `fit` works with. */
interface Trained {
  isTraining: boolean;
  stopTraining: boolean;
  makeTrainFunction(): (data: Tensor[]) => Scalar[];
  getDedupedMetricsNames(): string[];
}

/**
 * Trains a compiled model as `fit` does, from one seed, and so that it can be interrupted: killed at any moment and run
 * again with the same arguments, it goes on from its last checkpoint, in the middle of an epoch too, and ends with the
 * same weights, optimizer state, random numbers and history as if it had never been interrupted, bit for bit.
 *
 * Order of examples, dropout and noise, and `augment` draw from generators of their own. What the engine itself computes in
 * an order that changes from run to run (several threads adding up) is out of its hands.
 *
 * @param model A compiled model: LargeMarginModel or any tf.LayersModel. With a LargeMarginOptimizer the state of slots
 *     is kept by name; tfjs's own optimizers are restored by position, hence with the same layers frozen.
 * @param x Inputs, as for `fit`. The same data must be given again: of it, only the number of examples is compared.
 * @param y Labels, as for `fit`.
 * @returns The logs of all epochs. A training that is complete, or that a callback stopped, is not taken further.
 * @throws ArgumentError for bad arguments, before any weight changes, and where a checkpoint is of another training;
 *     whatever the store throws for a damaged one.
 * @example
 * const checkpoints = new CheckpointFolder('runs/first');
 * await resumableFit(model, x, y, {checkpoints, epochs: 10, seed: 1, saveEvery: 100});
 */
export async function resumableFit(
  model: LayersModel,
  x: Data,
  y: Data,
  args: ResumableFitArgs = {},
): Promise<TrainingHistory> {
  const resolved = resolveFitArgs(CALLER, args);
  const isCompiled = model?.optimizer != null && typeof model.fit === 'function';
  check(
    isCompiled,
    CALLER,
    'model',
    'to be a compiled tf.LayersModel',
    model?.name,
    'call model.compile first',
  );
  const trained = trainedModel(model) as unknown as Trained;
  check(!trained.isTraining, CALLER, 'model', 'to be trained once at a time', 'a second training');
  trained.isTraining = true;
  let data: EpochData | undefined;
  try {
    data = await EpochData.of(model, x, y, resolved);
    return await new Run(model, trained, data, resolved).run();
  } finally {
    trained.isTraining = false;
    data?.dispose();
  }
}

/** One training, from wherever it is to its end. */
class Run {
  private readonly streams: Record<'shuffle' | 'layers' | 'augment', RandomStream>;
  private readonly callbacks: TrainingCallbacks;
  private readonly training: Training;
  private readonly logs = new EpochLogs();
  private progress: Progress;
  private turn = util.now();

  constructor(
    private readonly model: LayersModel,
    private readonly trained: Trained,
    private readonly data: EpochData,
    private readonly args: ResolvedFitArgs,
  ) {
    const {seed, streams, epochs, batchSize} = args;
    const [shuffle, layers, augment] = [0, 1, 2].map(i => new RandomStream(stepSeed(seed, i)));
    this.streams = {shuffle, layers, augment};
    const metrics = trained.getDedupedMetricsNames();
    const params = {epochs, batchSize, samples: data.size, metrics};
    this.callbacks = new TrainingCallbacks(args.callbacks, model, params);
    this.training = {model, streams: {...streams, ...this.streams}, callbacks: this.callbacks.list};
    this.progress = {
      ...{epoch: 0, batch: 0, step: 0, isStopped: false, epochBegan: shuffle.getState(), logs: null},
      history: {epoch: [], history: {}},
    };
  }

  async run(): Promise<TrainingHistory> {
    await this.restore();
    const {progress, args, trained} = this;
    trained.stopTraining = progress.isStopped;
    // Also where all epochs are done: what a callback does at the end came after the last checkpoint.
    await this.callbacks.call('onTrainBegin');
    while (progress.epoch < args.epochs && !trained.stopTraining) await this.epoch();
    await this.callbacks.call('onTrainEnd');
    return progress.history;
  }

  private async epoch(): Promise<void> {
    const {progress, data, args, trained, callbacks, streams, logs} = this;
    if (progress.batch === 0) {
      progress.epochBegan = streams.shuffle.getState();
      logs.setState({seen: 0, totals: {}});
    }
    await callbacks.call('onEpochBegin', progress.epoch, {});
    data.begin(args.shuffle ? streams.shuffle : undefined);
    const step = trained.makeTrainFunction();
    const batches = Math.ceil(data.size / args.batchSize);
    while (progress.batch < batches && !trained.stopTraining) {
      await this.batch(step);
      const isLast = progress.batch === batches || trained.stopTraining;
      if (typeof args.saveEvery === 'number' && progress.step % args.saveEvery === 0 && !isLast)
        await this.save();
    }
    await this.endEpoch(progress.batch === batches);
  }

  private async batch(step: (data: Tensor[]) => Scalar[]): Promise<void> {
    const {progress, data, args, callbacks, streams, trained} = this;
    const from = progress.batch * args.batchSize;
    const to = Math.min(from + args.batchSize, data.size);
    const named = {batch: progress.batch, size: to - from};
    await callbacks.call('onBatchBegin', progress.batch, named);
    const results = tidy(() => {
      const {inputs, rest} = data.batch(from, to);
      const changed = args.augment ? args.augment(inputs, streams.augment) : inputs;
      return withRandom(streams.layers, () => step([...changed, ...rest])).map(result => keep(result));
    });
    const values = await numbersOf(results);
    const logs = Object.fromEntries(trained.getDedupedMetricsNames().map((name, i) => [name, values[i]]));
    this.logs.add(logs, to - from);
    progress.batch++;
    progress.step++;
    await callbacks.call('onBatchEnd', named.batch, {...named, ...logs});
    await this.yieldNow();
  }

  /** Validates and logs, and saves what was learnt. */
  private async endEpoch(isWhole: boolean): Promise<void> {
    const {progress, callbacks, trained, args} = this;
    const logs: Logs = {...this.logs.means(), ...(isWhole ? await this.validate() : {})};
    await callbacks.call('onEpochEnd', progress.epoch, logs);
    const {epoch, history} = progress.history;
    epoch.push(progress.epoch);
    for (const [name, value] of Object.entries(logs)) (history[name] ??= []).push(Number(value));
    progress.epoch++;
    progress.batch = 0;
    progress.epochBegan = this.streams.shuffle.getState();
    progress.isStopped = trained.stopTraining && progress.epoch <= args.epochs;
    await this.save();
  }

  private async validate(): Promise<Logs> {
    const {validationData, batchSize} = this.args;
    if (!validationData) return {};
    const [x, y] = validationData as [Tensor, Tensor];
    const results = [this.model.evaluate(x, y, {batchSize, verbose: 0})].flat();
    const values = await numbersOf(results);
    const names = this.trained.getDedupedMetricsNames();
    return Object.fromEntries(names.map((name, i) => [`val_${name}`, values[i]]));
  }

  private async save(): Promise<void> {
    const {progress, args} = this;
    if (!args.checkpoints) return;
    progress.logs = this.logs.getState();
    const files = await writeTraining(this.training, {...progress, run: this.identity()});
    await args.checkpoints.save(progress.step, files);
  }

  private async restore(): Promise<void> {
    const {checkpoints, fallback} = this.args;
    const stored = await checkpoints?.load({fallback});
    if (!stored) return;
    const accept = ({run}: Record<string, Json>) => {
      for (const [name, value] of Object.entries(this.identity())) {
        const before = (run as Record<string, Json>)[name];
        const wayOut = 'give the same data and arguments, or another folder';
        check(before === value, CALLER, name, `to be ${String(before)}, as it was before`, value, wayOut);
      }
    };
    const progress = await readTraining(CALLER, this.training, stored.files, accept);
    this.progress = progress as unknown as Progress;
    this.logs.setState(this.progress.logs);
    this.streams.shuffle.setState(this.progress.epochBegan);
  }

  /** What must be the same for a training to go on. */
  private identity(): Record<string, Json> {
    const {batchSize, shuffle, seed} = this.args;
    return {'number of examples': this.data.size, batchSize, shuffle, seed};
  }

  private async yieldNow(): Promise<void> {
    if (util.now() - this.turn < TURN_MS) return;
    await nextFrame();
    this.turn = util.now();
  }
}

/** The values of scalars, which are used up. */
async function numbersOf(scalars: Scalar[]): Promise<number[]> {
  try {
    return (await Promise.all(scalars.map(scalar => scalar.data()))).map(([value]) => value);
  } finally {
    dispose(scalars);
  }
}
