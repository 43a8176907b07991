import {Callback} from '@tensorflow/tfjs-layers';
import {check} from '../../src/index.js';
import {releaseOnError, readLog, type Logs} from './epoch_logs.js';
import {checkCount} from './check_args.js';
import {resolveArgs, type EarlyStoppingArgs, type EarlyStoppingPlan} from './early_stopping_args.js';
import {isBetter, worstOf} from './monitor.js';
import type {Json, NamedTensor, ResumableCallback} from './resumable_callback.js';
import {WeightSnapshot} from './weight_snapshot.js';

export type {EarlyStoppingArgs} from './early_stopping_args.js';

const CALLER = 'earlyStopping';

/** What has been learnt so far. */
interface Progress {
  /** Epochs since the best one that counted. */
  wait: number;
  best?: number;
  bestEpoch?: number;
  stoppedEpoch?: number;
}

/** See {@link earlyStopping}. */
export class EarlyStopping extends Callback implements ResumableCallback {
  readonly key = CALLER;
  private readonly args: EarlyStoppingPlan;
  private progress: Progress = {wait: 0};
  private readonly snapshot = new WeightSnapshot();
  /** What the next training goes on with. */
  private resumed?: Progress;
  private readonly resumedSnapshot = new WeightSnapshot();

  constructor(args: EarlyStoppingArgs = {}) {
    super();
    this.args = resolveArgs(CALLER, args);
  }

  /** The best value of the monitored log so far, or in the last training; undefined before there is one. */
  get best(): number | undefined {
    return this.current.best;
  }

  /** The epoch of the best value, counted from 0. */
  get bestEpoch(): number | undefined {
    return this.current.bestEpoch;
  }

  /** The epoch, counted from 0, after which training was stopped; undefined where it was not. */
  get stoppedEpoch(): number | undefined {
    return this.current.stoppedEpoch;
  }

  override async onTrainBegin(): Promise<void> {
    const {resumed, resumedSnapshot, snapshot} = this;
    const needsWeights = resumed?.bestEpoch !== undefined && this.args.restoreBestWeights;
    if (needsWeights) resumedSnapshot.checkFits(CALLER, 'setStateTensors', this.model);
    snapshot.hold(needsWeights ? resumedSnapshot.tensors : []);
    resumedSnapshot.dispose();
    this.progress = {...(resumed ?? {wait: 0}), stoppedEpoch: undefined};
    this.resumed = undefined;
  }

  override async onEpochEnd(epoch: number, logs: Logs = {}): Promise<void> {
    await releaseOnError(this.model, logs, async () => {
      const {monitor, startFromEpoch} = this.args;
      // Another callback has cut the epoch short, before tfjs validated.
      if (!(monitor in logs) && this.model.stopTraining) return;
      const expected = `to be one of ${Object.keys(logs).join(', ')}`;
      check(monitor in logs, CALLER, 'monitor', expected, monitor, 'val_ logs need validation data');
      if (epoch >= startFromEpoch) await this.judge(epoch, logs);
    });
  }

  override async onTrainEnd(): Promise<void> {
    this.snapshot.restore(this.model);
    this.snapshot.dispose();
  }

  /** What a new callback needs to decide as this one would; JSON can hold it. */
  getState(): Json {
    const {wait, best, bestEpoch, stoppedEpoch} = this.current;
    return {
      ...{monitor: this.args.monitor, wait},
      // JSON has no infinities.
      ...(best !== undefined && {best: Number.isFinite(best) ? best : String(best)}),
      ...(bestEpoch !== undefined && {bestEpoch}),
      ...(stoppedEpoch !== undefined && {stoppedEpoch}),
    };
  }

  /**
   * Lets the next training go on from a state of `getState`.
   *
   * @throws ArgumentError for the state of another monitor, and for what is no state.
   */
  setState(state: Json): void {
    this.resumed = readState(state, this.args.monitor);
  }

  /** The weights of the best epoch; none before there is one, after training, and without `restoreBestWeights`. */
  getStateTensors(): NamedTensor[] {
    return this.resumed ? this.resumedSnapshot.tensors : this.snapshot.tensors;
  }

  /** Takes copies of the weights of the best epoch, beside `setState`, for the next training. */
  setStateTensors(tensors: NamedTensor[]): void {
    this.resumedSnapshot.hold(tensors);
  }

  /** Lets go of the weights where training has ended with an error and the callback is not used again. */
  dispose(): void {
    this.snapshot.dispose();
    this.resumedSnapshot.dispose();
  }

  private get current(): Progress {
    return this.resumed ?? this.progress;
  }

  private async judge(epoch: number, logs: Logs): Promise<void> {
    const {progress} = this;
    const {monitor, patience, baseline, rule, restoreBestWeights} = this.args;
    const value = await readLog(logs[monitor]);
    // A step on a loss that is not finite spoils the weights, whatever is monitored.
    const isSound = Number.isFinite(await readLog(logs.loss ?? 0));
    progress.wait++;
    if (isSound && isBetter(value, progress.best ?? worstOf(rule.direction), rule)) {
      progress.best = value;
      progress.bestEpoch = epoch;
      if (restoreBestWeights) this.snapshot.take(this.model);
      if (isBetter(value, baseline, rule)) progress.wait = 0;
    } else if (progress.wait >= patience && epoch > 0) {
      progress.stoppedEpoch = epoch;
      this.model.stopTraining = true;
    }
  }
}

/**
 * Stops training where a log gets no better, as Keras 3 does, and can put the weights of the best epoch back.
 *
 * NaN is never better, and neither is an epoch whose training loss is not finite. Best weights stay on the device and
 * are put back when training ends, also where it was not stopped.
 *
 * @param args What is monitored, and how patiently.
 * @throws ArgumentError for a bad argument at once, and at the end of an epoch without the monitored log.
 * @example
 * const stop = earlyStopping({monitor: 'val_margin', patience: 3, restoreBestWeights: true});
 * await model.fit(x, y, {epochs: 100, validationData, callbacks: [stop]});
 * console.log(stop.bestEpoch, stop.best);
 */
export function earlyStopping(args?: EarlyStoppingArgs): EarlyStopping {
  return new EarlyStopping(args);
}

function readState(state: Json, monitor: string): Progress {
  const {monitor: of, wait, best, ...epochs} = (state ?? {}) as Record<string, Json | undefined>;
  check(of === monitor, CALLER, 'state', `to be of the monitor '${monitor}'`, of);
  checkCount(CALLER, 'wait of state', wait);
  const {bestEpoch, stoppedEpoch} = epochs;
  if (bestEpoch !== undefined) checkCount(CALLER, 'bestEpoch of state', bestEpoch);
  if (stoppedEpoch !== undefined) checkCount(CALLER, 'stoppedEpoch of state', stoppedEpoch);
  if (bestEpoch === undefined) return {wait, stoppedEpoch};
  const value = Number(best ?? NaN);
  check(!Number.isNaN(value), CALLER, 'best of state', 'to be a number', best);
  return {wait, best: value, bestEpoch, stoppedEpoch};
}
