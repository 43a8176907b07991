import type {Tensor} from '@tensorflow/tfjs-core';
import type {Callback, CustomCallback, CustomCallbackArgs} from '@tensorflow/tfjs-layers';
import {check, checkKeys, type RandomStream} from '../../src/index.js';
import type {Data} from '../batch_checks.js';
import type {Files} from './model_files.js';
import type {Augment} from './training_step.js';

/**
 * Where checkpoints go: a CheckpointFolder of tfjs-large-margin/node, or anything with these two methods. It gives back what
 * was saved last, or throws; with `fallback` it passes over what it finds damaged. Damage that it lets through is noticed.
 */
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
  /**
   * Changes the inputs of a batch, drawing from its own generator, by which Math.random and with it tf.randomUniform go as
   * well. It runs in a tf.tidy.
   */
  augment?: Augment;
  /** More generators whose states are to be saved and put back: those that `callbacks` and `augment` draw from. */
  streams?: Record<string, RandomStream>;
  validationData?: [Data, Data];
  /** As in tfjs's `fit`. */
  classWeight?: object;
  /** [examples], for a LargeMarginModel. */
  sampleWeight?: Tensor;
  /**
   * As in tfjs's `fit`; those of this package remember what they have learnt. Where an epoch is gone on with,
   * `onTrainBegin` and `onEpochBegin` are called once more.
   */
  callbacks?: UserCallback | UserCallback[];
}

/** A callback, or what tf.CustomCallback takes. */
export type UserCallback = Callback | CustomCallback | CustomCallbackArgs;

/** The arguments with nothing left to default. */
export type ResolvedFitArgs = ResumableFitArgs &
  Required<
    Pick<ResumableFitArgs, 'saveEvery' | 'fallback' | 'epochs' | 'batchSize' | 'shuffle' | 'seed' | 'streams'>
  >;

const KEYS = [
  ...['checkpoints', 'saveEvery', 'fallback', 'epochs', 'batchSize', 'shuffle', 'seed', 'augment', 'streams'],
  ...['validationData', 'classWeight', 'sampleWeight', 'callbacks'],
];

/** @throws ArgumentError naming the argument that is wrong. */
export function resolveFitArgs(caller: string, args: ResumableFitArgs): ResolvedFitArgs {
  checkKeys(caller, 'args', args, KEYS);
  const {saveEvery = 'epoch', fallback = false, epochs = 1, batchSize = 32, shuffle = true} = args;
  const {seed = 0, streams = {}, augment, validationData, callbacks} = args;
  const expect = (ok: boolean, argument: string, expected: string) =>
    check(ok, caller, argument, expected, args[argument as keyof ResumableFitArgs]);
  const isCount = (value: unknown) => Number.isInteger(value) && Number(value) >= 1;
  expect(saveEvery === 'epoch' || isCount(saveEvery), 'saveEvery', "to be 'epoch' or an integer >= 1");
  expect(typeof fallback === 'boolean', 'fallback', 'to be true or false');
  expect(isCount(epochs), 'epochs', 'to be an integer >= 1');
  expect(isCount(batchSize), 'batchSize', 'to be an integer >= 1');
  expect(typeof shuffle === 'boolean', 'shuffle', 'to be true or false');
  expect(Number.isSafeInteger(seed), 'seed', 'to be an integer');
  if (args.checkpoints !== undefined) checkStore(caller, 'checkpoints', args.checkpoints);
  expect(augment === undefined || typeof augment === 'function', 'augment', 'to be a function');
  const isPair = Array.isArray(validationData) && validationData.length === 2;
  expect(validationData === undefined || isPair, 'validationData', 'to be [x, y]');
  const list = callbacks === undefined ? [] : [callbacks].flat();
  expect(list.every(isObject), 'callbacks', 'to be callbacks, or functions by the names of hooks');
  checkStreams(caller, streams);
  return {...args, saveEvery, fallback, epochs, batchSize, shuffle, seed, streams};
}

/** Checks for what checkpoints can be saved into and loaded from. */
export function checkStore(caller: string, argument: string, store: unknown): void {
  const {save, load} = (store ?? {}) as Partial<CheckpointStore>;
  const isStore = typeof save === 'function' && typeof load === 'function';
  check(isStore, caller, argument, 'to have save and load, as a CheckpointFolder', store);
}

function checkStreams(caller: string, streams: Record<string, RandomStream>): void {
  const isStream = (value: unknown) =>
    isObject(value) && typeof value.getState === 'function' && typeof value.setState === 'function';
  const areStreams = isObject(streams) && Object.values(streams).every(isStream);
  check(areStreams, caller, 'streams', 'to be RandomStreams by name', streams);
  const own = ['shuffle', 'layers', 'augment'].find(name => Object.hasOwn(streams, name));
  check(own === undefined, caller, 'streams', 'to have other names than shuffle, layers, augment', own);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object';
}
