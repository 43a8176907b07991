import {check} from '../../src/index.js';
import {checkCount, checkFlag, checkNoOthers} from './check_args.js';
import {directionOf, worstOf, type MonitorMode, type MonitorRule} from './monitor.js';

export interface EarlyStoppingArgs {
  /** Which log decides. Default 'val_loss'. */
  monitor?: string;
  /** How much better counts as better, >= 0. Default 0. */
  minDelta?: number;
  /** How many epochs in a row may be no better before training stops. Default 0: the first one stops it. */
  patience?: number;
  /** Whether smaller or larger is better; 'auto' (default) goes by the log's name. */
  mode?: MonitorMode;
  /** What must be beaten as well for an epoch to count. Default: nothing. */
  baseline?: number;
  /** Whether the weights of the best epoch are put back when training ends, stopped or not. Default false. */
  restoreBestWeights?: boolean;
  /** The first epoch that is looked at, counted from 0. Default 0. */
  startFromEpoch?: number;
}

/** The same with all decided. */
export interface EarlyStoppingPlan {
  monitor: string;
  rule: MonitorRule;
  patience: number;
  baseline: number;
  restoreBestWeights: boolean;
  startFromEpoch: number;
}

/** Checks the arguments and fills in their defaults. */
export function resolveArgs(caller: string, args: EarlyStoppingArgs): EarlyStoppingPlan {
  const {
    monitor = 'val_loss',
    minDelta = 0,
    patience = 0,
    mode = 'auto',
    baseline,
    restoreBestWeights = false,
    startFromEpoch = 0,
    ...others
  } = args;
  checkNoOthers(caller, others);
  check(typeof monitor === 'string', caller, 'monitor', 'to be the name of a log', monitor);
  check(Number.isFinite(minDelta) && minDelta >= 0, caller, 'minDelta', 'to be a number >= 0', minDelta);
  checkCount(caller, 'patience', patience);
  check(['auto', 'min', 'max'].includes(mode), caller, 'mode', "to be 'auto', 'min' or 'max'", mode);
  const isNumber = baseline === undefined || Number.isFinite(baseline);
  check(isNumber, caller, 'baseline', 'to be a finite number', baseline);
  checkFlag(caller, 'restoreBestWeights', restoreBestWeights);
  checkCount(caller, 'startFromEpoch', startFromEpoch);
  const direction = directionOf(caller, monitor, mode);
  const rule = {direction, minDelta};
  return {
    monitor,
    rule,
    patience,
    baseline: baseline ?? worstOf(direction),
    restoreBestWeights,
    startFromEpoch,
  };
}
