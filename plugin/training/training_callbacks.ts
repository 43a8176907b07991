import {Callback, CustomCallback, type CustomCallbackArgs, type LayersModel} from '@tensorflow/tfjs-layers';
import type {Logs} from './epoch_logs.js';
import type {UserCallback} from './resumable_args.js';

/** What callbacks are told of a training. */
export interface CallbackParams {
  epochs: number;
  batchSize: number;
  samples: number;
  metrics: string[];
  doValidation: boolean;
}

/** Callbacks as tfjs's `fit` takes them, called one after the other. */
export class TrainingCallbacks {
  readonly list: Array<Callback | CustomCallback>;

  constructor(
    callbacks: UserCallback | UserCallback[] | undefined,
    model: LayersModel,
    params: CallbackParams,
  ) {
    this.list = [callbacks ?? []].flat().map(made);
    for (const callback of this.list) {
      callback.setParams({...params, initialEpoch: 0, steps: null, verbose: 0} as never);
      callback.setModel(model);
    }
  }

  async call(hook: 'onTrainBegin' | 'onTrainEnd'): Promise<void>;
  async call(
    hook: 'onEpochBegin' | 'onEpochEnd' | 'onBatchBegin' | 'onBatchEnd',
    index: number,
    logs: Logs,
  ): Promise<void>;
  async call(hook: string, ...args: unknown[]): Promise<void> {
    for (const callback of this.list) {
      await (callback as unknown as Record<string, (...args: unknown[]) => Promise<void>>)[hook](...args);
    }
  }
}

function made(callback: UserCallback): Callback | CustomCallback {
  if (callback instanceof Callback || callback instanceof CustomCallback) return callback;
  // The training itself lets a page draw; whoever wants to be told when it does is told in tfjs's way.
  const {onYield} = callback as CustomCallbackArgs;
  return new CustomCallback(callback as CustomCallbackArgs, onYield ? 'auto' : 'never');
}
