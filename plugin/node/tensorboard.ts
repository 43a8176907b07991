import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {Callback} from '@tensorflow/tfjs-layers';
import {check} from '../../src/index.js';
import {checkCount, checkNoOthers} from '../callbacks/check_args.js';
import {readLogs, releaseOnError, type Logs} from '../callbacks/epoch_logs.js';
import type {Json, ResumableCallback} from '../callbacks/resumable_callback.js';
import {EventFile} from './event_file.js';

const CALLER = 'tensorBoard';

export interface TensorBoardArgs {
  /** Besides epochs, also log each batch, or each n-th. Default 'epoch': no batches. */
  updateFreq?: 'epoch' | 'batch' | number;
  /** How many batches may wait in memory, >= 1; the end of an epoch waits for none. Default 100. */
  flushEvery?: number;
  /** The wall clock, in milliseconds since 1970. Default `Date.now`. */
  now?: () => number;
}

/** See {@link tensorBoard}. */
export class TensorBoard extends Callback implements ResumableCallback {
  readonly key = CALLER;
  private readonly logDir: string;
  /** The n of each n-th batch; Infinity: none. */
  private readonly every: number;
  private readonly flushEvery: number;
  private readonly now: () => number;
  /** Batches trained so far. */
  private step = 0;
  /** Where the next training goes on counting. */
  private resumedStep?: number;
  private train: EventFile;
  private validation: EventFile;
  private failure: unknown;

  constructor(logDir: string, args: TensorBoardArgs = {}) {
    super();
    const {updateFreq = 'epoch', flushEvery = 100, now = Date.now, ...others} = args;
    check(
      typeof logDir === 'string' && logDir !== '',
      CALLER,
      'logDir',
      'to be the path of a folder',
      logDir,
    );
    const isNumber = typeof updateFreq === 'number' && Number.isInteger(updateFreq) && updateFreq >= 1;
    const isKnown = isNumber || updateFreq === 'epoch' || updateFreq === 'batch';
    check(isKnown, CALLER, 'updateFreq', "to be 'epoch', 'batch' or an integer >= 1", updateFreq);
    const isCount = Number.isInteger(flushEvery) && flushEvery >= 1;
    check(isCount, CALLER, 'flushEvery', 'to be an integer >= 1', flushEvery);
    check(typeof now === 'function', CALLER, 'now', 'to be a function', now);
    checkNoOthers(CALLER, others);
    this.logDir = logDir;
    this.every = updateFreq === 'epoch' ? Infinity : updateFreq === 'batch' ? 1 : updateFreq;
    this.flushEvery = flushEvery;
    this.now = now;
    [this.train, this.validation] = this.newFiles();
  }

  override async onTrainBegin(): Promise<void> {
    // A folder that cannot be written to is found out before anything is trained.
    await mkdir(this.logDir, {recursive: true});
    // What a training has left that ended with an error.
    await this.flush();
    [this.train, this.validation] = this.newFiles();
    this.failure = undefined;
    this.step = this.resumedStep ?? 0;
    this.resumedStep = undefined;
  }

  override async onBatchEnd(_batch: number, logs: Logs = {}): Promise<void> {
    this.step++;
    if (this.step % this.every !== 0) return;
    const {batch: _, size: __, ...values} = await readLogs(logs);
    this.train.add(this.step, tagged('batch_', Object.entries(values)));
    if (this.train.pending < this.flushEvery) return;
    try {
      await this.train.flush();
    } catch (error) {
      // Thrown at the end of the epoch: here tfjs would leave tensors behind.
      this.failure = error;
      this.model.stopTraining = true;
    }
  }

  override async onEpochEnd(epoch: number, logs: Logs = {}): Promise<void> {
    await releaseOnError(this.model, logs, async () => {
      if (this.failure !== undefined) throw this.failure;
      const values = Object.entries(await readLogs(logs));
      const isValidation = ([key]: [string, number]) => key.startsWith('val_');
      const validation = values.filter(isValidation).map(([key, value]) => [key.slice(4), value] as const);
      this.train.add(
        epoch,
        tagged(
          'epoch_',
          values.filter(entry => !isValidation(entry)),
        ),
      );
      this.validation.add(epoch, tagged('epoch_', validation));
      await this.flush();
    });
  }

  /** The number of batches trained so far: the step of the last one. */
  getState(): Json {
    return {step: this.resumedStep ?? this.step};
  }

  /**
   * Lets the batches of the next training be counted on from a state of `getState`.
   *
   * @throws ArgumentError for what is no state.
   */
  setState(state: Json): void {
    const {step} = (state ?? {}) as Record<string, Json | undefined>;
    checkCount(CALLER, 'step of state', step);
    this.resumedStep = step;
  }

  private async flush(): Promise<void> {
    await this.train.flush();
    await this.validation.flush();
  }

  private newFiles(): [EventFile, EventFile] {
    return [
      new EventFile(join(this.logDir, 'train'), this.now),
      new EventFile(join(this.logDir, 'validation'), this.now),
    ];
  }
}

/**
 * Writes event files for TensorBoard, without TensorFlow: `epoch_loss` and the other logs of each epoch into
 * `<logDir>/train`, those of validation under the same tags into `<logDir>/validation`, as Keras does.
 *
 * The step is the epoch; that of a batch (`batch_loss`, ... in `train`) is how many batches have been trained, this one
 * included. Logging batches reads their logs, which waits for the device. Callbacks that add to the logs come before.
 *
 * @param logDir The folder, made where there is none; a run of its own in the view of TensorBoard.
 * @throws ArgumentError for a bad argument; the system's error for a folder that cannot be written to.
 * @example
 * await model.fit(x, y, {epochs: 9, callbacks: [tensorBoard('logs/first', {updateFreq: 10})]});
 * // tensorboard --logdir logs
 */
export function tensorBoard(logDir: string, args?: TensorBoardArgs): TensorBoard {
  return new TensorBoard(logDir, args);
}

function tagged(prefix: string, values: Array<readonly [string, number]>): Record<string, number> {
  return Object.fromEntries(values.map(([key, value]) => [prefix + key, value]));
}
