import type {Optimizer} from '@tensorflow/tfjs-core';
import {Callback} from '@tensorflow/tfjs-layers';
import {check} from '../../src/index.js';
import type {Logs} from './epoch_logs.js';
import type {ResumableCallback} from './resumable_callback.js';

const CALLER = 'learningRateLogger';

/** See {@link learningRateLogger}. */
export class LearningRateLogger extends Callback implements ResumableCallback {
  readonly key = CALLER;

  override async onTrainBegin(): Promise<void> {
    learningRateOf(this.model.optimizer);
  }

  override async onEpochEnd(_epoch: number, logs: Logs = {}): Promise<void> {
    logs.learningRate = learningRateOf(this.model.optimizer);
  }

  getState(): undefined {
    return undefined;
  }

  setState(): void {}
}

/**
 * Adds `learningRate` to the logs at the end of each epoch, and so to the history: what the optimizer's next step
 * would use. It comes before callbacks that write the logs down.
 *
 * @throws ArgumentError when training begins with an optimizer whose `learningRate` is no number.
 * @example
 * const {history} = await model.fit(x, y, {epochs: 3, callbacks: [learningRateLogger()]});
 * console.log(history.learningRate);
 */
export function learningRateLogger(): LearningRateLogger {
  return new LearningRateLogger();
}

// tfjs's optimizers hide the field in their typings only.
function learningRateOf(optimizer: Optimizer): number {
  const {learningRate} = optimizer as unknown as {learningRate?: unknown};
  const expected = `${optimizer.getClassName()} to have a number learningRate`;
  check(typeof learningRate === 'number', CALLER, 'optimizer', expected, learningRate);
  return learningRate;
}
