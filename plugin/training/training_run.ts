import {
  dispose,
  nextFrame,
  util,
  type Optimizer,
  type Tensor,
  type TensorContainer,
} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {check, RandomStream, stepSeed} from '../../src/index.js';
import {readLogs} from '../callbacks/epoch_logs.js';
import type {Json} from '../callbacks/resumable_callback.js';
import type {EpochData} from './epoch_data.js';
import {EpochLogs, type Logs} from './epoch_logs.js';
import type {ResolvedFitArgs} from './resumable_args.js';
import {TrainingCallbacks} from './training_callbacks.js';
import {readTraining, writeTraining, type Training} from './training_files.js';
import {numbersOf, takeStep, type Stepping, type TrainFunction} from './training_step.js';

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
export interface Trained {
  isTraining: boolean;
  stopTraining: boolean;
  readonly optimizer: Optimizer;
  makeTrainFunction(): TrainFunction;
  getDedupedMetricsNames(): string[];
}

const WAY_OUT = 'give the same data and arguments, or another folder';

/** One training, from wherever it is to its end. */
export class TrainingRun {
  private readonly streams: Record<'shuffle' | 'layers' | 'augment', RandomStream>;
  private readonly callbacks: TrainingCallbacks;
  private readonly training: Training;
  private readonly logs = new EpochLogs();
  private progress: Progress;
  private turn = util.now();

  constructor(
    private readonly caller: string,
    private readonly model: LayersModel,
    private readonly trained: Trained,
    private readonly data: EpochData,
    private readonly args: ResolvedFitArgs,
  ) {
    const {seed, streams, epochs, batchSize, validationData} = args;
    // Of a seed beyond 32 bits all of them count.
    const mixed = stepSeed(seed, Math.floor(seed / 2 ** 32));
    const [shuffle, layers, augment] = [0, 1, 2].map(i => new RandomStream(stepSeed(mixed, i)));
    this.streams = {shuffle, layers, augment};
    const names = trained.getDedupedMetricsNames();
    const doValidation = validationData !== undefined;
    const metrics = [...names, ...(doValidation ? names.map(name => `val_${name}`) : [])];
    const params = {epochs, batchSize, samples: data.size, metrics, doValidation};
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
    const stepping = {step: trained.makeTrainFunction(), optimizer: trained.optimizer};
    const batches = Math.ceil(data.size / args.batchSize);
    while (progress.batch < batches && !trained.stopTraining) {
      await this.batch(stepping);
      const isLast = progress.batch === batches || trained.stopTraining;
      if (typeof args.saveEvery === 'number' && progress.step % args.saveEvery === 0 && !isLast)
        await this.save();
    }
    await this.endEpoch(progress.batch === batches);
  }

  private async batch(stepping: Stepping): Promise<void> {
    const {progress, data, args, callbacks, streams, trained} = this;
    const from = progress.batch * args.batchSize;
    const to = Math.min(from + args.batchSize, data.size);
    const named = {batch: progress.batch, size: to - from};
    await callbacks.call('onBatchBegin', progress.batch, named);
    const values = await takeStep(this.caller, stepping, () => data.batch(from, to), streams, args.augment);
    const logs = Object.fromEntries(trained.getDedupedMetricsNames().map((name, i) => [name, values[i]]));
    this.logs.add(logs, to - from);
    progress.batch++;
    progress.step++;
    await callbacks.call('onBatchEnd', named.batch, {...named, ...logs});
    await this.yieldNow();
  }

  /** Validates and logs, and saves what was learnt. */
  private async endEpoch(isWhole: boolean): Promise<void> {
    const {progress, callbacks, trained} = this;
    const logs: Logs = {...this.logs.means(), ...(isWhole ? await this.validate() : {})};
    await callbacks.call('onEpochEnd', progress.epoch, logs);
    const {epoch, history} = progress.history;
    epoch.push(progress.epoch);
    // A callback may have added scalars, which tfjs's `fit` reads and disposes of as well.
    for (const [name, value] of Object.entries(await readLogs(logs))) (history[name] ??= []).push(value);
    dispose(logs as unknown as TensorContainer);
    progress.epoch++;
    progress.batch = 0;
    progress.epochBegan = this.streams.shuffle.getState();
    progress.isStopped = trained.stopTraining;
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
    const all = {...progress, run: this.identity()} as unknown as Record<string, Json>;
    const files = await writeTraining(this.caller, this.training, all);
    await args.checkpoints.save(progress.step, files);
  }

  private async restore(): Promise<void> {
    const {checkpoints, fallback} = this.args;
    const stored = await checkpoints?.load({fallback});
    if (!stored) return;
    const accept = ({run}: Record<string, Json>) => {
      for (const [name, value] of Object.entries(this.identity())) {
        const before = (run as Record<string, Json> | undefined)?.[name];
        const wanted = `to be ${String(before)}, as it was before`;
        check(before === value, this.caller, name, wanted, value, WAY_OUT);
      }
    };
    const progress = await readTraining(this.caller, this.training, stored.files, accept);
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
