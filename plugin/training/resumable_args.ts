import type {Tensor} from '@tensorflow/tfjs-core';
import type {Callback, CustomCallback, CustomCallbackArgs} from '@tensorflow/tfjs-layers';
import {check, type RandomStream} from '../../src/index.js';
import type {Data} from '../batch_checks.js';
import type {Files} from './model_files.js';

/** Where checkpoints go: a CheckpointFolder of tfjs-large-margin/node, or anything with these two methods. */
export interface CheckpointStore {
  save(step: number, files: Files): Promise<unknown>;
  load(options?: {fallback?: boolean}): Promise<{step: number; files: Files} | undefined>;
}

/** How a training runs, and where it goes on from. */
export interface ResumableFitArgs {
  /** Whether there is nothing in it yet or a training that was interrupted. Default: none is saved. */
  checkpoints?: CheckpointStore;
  /** When to save: after each epoch (default), or after so many batches and each epoch. */
  saveEvery?: 'epoch' | number;
  /** Whether to go on from an earlier checkpoint where the last is damaged. Default false: an error says so. */
  fallback?: boolean;
  /** How many epochs in all, those before an interruption among them. Default 1. */
  epochs?: number;
  /** Default 32. */
  batchSize?: number;
  /** Whether each epoch has an order of its own. Default true. */
  shuffle?: boolean;
  /** Of the order, of dropout, of `augment`: an integer, 0 as good as any. Default 0. */
  seed?: number;
  /** Changes the inputs of a batch, drawing from its own generator; what it makes, and does not return, it disposes of. */
  augment?: (inputs: Tensor[], random: RandomStream) => Tensor[];
  /** More generators whose states are to be saved and put back. */
  streams?: Record<string, RandomStream>;
  validationData?: [Data, Data];
  /** As in tfjs's `fit`. */
  classWeight?: object;
  /** [examples], for a LargeMarginModel. */
  sampleWeight?: Tensor;
  /** As in tfjs's `fit`; those of this package remember what they have learnt. */
  callbacks?: UserCallback | UserCallback[];
}

/** A callback, or what tf.CustomCallback takes. */
export type UserCallback = Callback | CustomCallback | CustomCallbackArgs;

/** The arguments with nothing left to default. */
export type ResolvedFitArgs = ResumableFitArgs &
  Required<
    Pick<ResumableFitArgs, 'saveEvery' | 'fallback' | 'epochs' | 'batchSize' | 'shuffle' | 'seed' | 'streams'>
  >;

const KEYS = new Set([
  ...['checkpoints', 'saveEvery', 'fallback', 'epochs', 'batchSize', 'shuffle', 'seed', 'augment', 'streams'],
  ...['validationData', 'classWeight', 'sampleWeight', 'callbacks'],
]);

/** @throws ArgumentError naming the argument that is wrong. */
export function resolveFitArgs(caller: string, args: ResumableFitArgs): ResolvedFitArgs {
  check(args !== null && typeof args === 'object', caller, 'args', 'to be an object', args);
  const unknown = Object.keys(args).find(key => !KEYS.has(key));
  check(unknown === undefined, caller, 'args', `to have only the keys ${[...KEYS].join(', ')}`, unknown);
  const {saveEvery = 'epoch', fallback = false, epochs = 1, batchSize = 32, shuffle = true} = args;
  const {seed = 0, streams = {}, checkpoints, augment} = args;
  const isCount = (value: unknown) => Number.isInteger(value) && Number(value) >= 1;
  check(
    saveEvery === 'epoch' || isCount(saveEvery),
    caller,
    'saveEvery',
    "to be 'epoch' or an integer >= 1",
    saveEvery,
  );
  check(typeof fallback === 'boolean', caller, 'fallback', 'to be true or false', fallback);
  check(isCount(epochs), caller, 'epochs', 'to be an integer >= 1', epochs);
  check(isCount(batchSize), caller, 'batchSize', 'to be an integer >= 1', batchSize);
  check(typeof shuffle === 'boolean', caller, 'shuffle', 'to be true or false', shuffle);
  check(Number.isInteger(seed), caller, 'seed', 'to be an integer', seed);
  const isStore =
    checkpoints === undefined || [checkpoints?.save, checkpoints?.load].every(f => typeof f === 'function');
  check(isStore, caller, 'checkpoints', 'to have save and load, as a CheckpointFolder', checkpoints);
  check(
    augment === undefined || typeof augment === 'function',
    caller,
    'augment',
    'to be a function',
    augment,
  );
  const own = ['shuffle', 'layers', 'augment'].find(name => Object.hasOwn(streams, name));
  check(own === undefined, caller, 'streams', 'to have other names than shuffle, layers, augment', own);
  return {...args, saveEvery, fallback, epochs, batchSize, shuffle, seed, streams};
}
