import {Callback} from '@tensorflow/tfjs-layers';
import {check} from '../../src/index.js';
import {checkFlag, checkNoOthers} from './check_args.js';
import {releaseOnError, readLog, readLogs, type Logs} from './epoch_logs.js';
import type {ResumableCallback} from './resumable_callback.js';

const CALLER = 'terminateOnNaN';

/** Where a loss stopped being finite, counted from 0, and the logs of that batch that are not. */
export interface NonFiniteLoss {
  epoch: number;
  batch: number;
  terms: Record<string, number>;
}

/** Thrown by `terminateOnNaN({raise: true})`: the loss of a batch is NaN or infinite. */
export class NonFiniteLossError extends Error implements NonFiniteLoss {
  override readonly name = 'NonFiniteLossError';
  readonly epoch: number;
  readonly batch: number;
  readonly terms: Record<string, number>;

  constructor(found: NonFiniteLoss) {
    super(describe(found));
    this.epoch = found.epoch;
    this.batch = found.batch;
    this.terms = found.terms;
  }
}

export interface TerminateOnNaNArgs {
  /** Whether training ends with an error, instead of a warning and a history that stops there. Default false. */
  raise?: boolean;
}

/** See {@link terminateOnNaN}. */
export class TerminateOnNaN extends Callback implements ResumableCallback {
  readonly key = CALLER;
  private readonly raise: boolean;
  private epoch = 0;
  private found_?: NonFiniteLoss;

  constructor({raise = false, ...others}: TerminateOnNaNArgs = {}) {
    super();
    checkNoOthers(CALLER, others);
    checkFlag(CALLER, 'raise', raise);
    this.raise = raise;
  }

  /** What ended the last training; undefined where all its losses were finite. */
  get found(): NonFiniteLoss | undefined {
    return this.found_;
  }

  override async onTrainBegin(): Promise<void> {
    this.found_ = undefined;
  }

  override async onEpochBegin(epoch: number): Promise<void> {
    this.epoch = epoch;
  }

  override async onBatchEnd(batch: number, logs: Logs = {}): Promise<void> {
    check('loss' in logs, CALLER, 'logs', 'of a batch to have a loss', Object.keys(logs));
    if (Number.isFinite(await readLog(logs.loss))) return;
    const terms = Object.entries(await readLogs(logs)).filter(([, value]) => !Number.isFinite(value));
    this.found_ = {epoch: this.epoch, batch, terms: Object.fromEntries(terms)};
    this.model.stopTraining = true;
    if (!this.raise) console.warn(describe(this.found_));
  }

  override async onTrainEnd(): Promise<void> {
    const found = this.found_;
    if (!found || !this.raise) return;
    await releaseOnError(this.model, {}, () => Promise.reject(new NonFiniteLossError(found)));
  }

  getState(): undefined {
    return undefined;
  }

  setState(): void {}
}

/**
 * Stops training at the first batch whose loss is NaN or infinite, and says which of its terms are: the label loss
 * (`crossEntropy`), the margin, or that of one layer. Reads the loss of each batch, which waits for the device.
 *
 * @param args `raise` (default false): end with an error, once the epoch is closed and logged. It goes last in the
 *     list then: callbacks after it do not learn that training has ended.
 * @throws NonFiniteLossError with `raise`, out of `fit`.
 * @example
 * await model.fit(x, y, {callbacks: [earlyStopping({restoreBestWeights: true}), terminateOnNaN()]});
 */
export function terminateOnNaN(args?: TerminateOnNaNArgs): TerminateOnNaN {
  return new TerminateOnNaN(args);
}

function describe({epoch, batch, terms}: NonFiniteLoss): string {
  const list = Object.entries(terms).map(([name, value]) => `${name} ${value}`);
  return (
    `${CALLER}: training stopped at batch ${batch} of epoch ${epoch} (both from 0): ${list.join(', ')}; ` +
    'try a smaller learning rate, or look for NaN in the data'
  );
}
