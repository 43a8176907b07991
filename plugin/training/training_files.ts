import {dispose, type Optimizer} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {check, type RandomStream} from '../../src/index.js';
import {
  isResumable,
  type Json,
  type NamedTensor,
  type ResumableCallback,
} from '../callbacks/resumable_callback.js';
import {internalsOf, trainedModel} from '../model_internals.js';
import {captureOptimizer, restoreOptimizer} from '../optimizer/capture.js';
import {parseExactly, stringifyExactly} from './exact_json.js';
import {readWeightsInto, writeModel, type Files} from './model_files.js';
import {readTensors, writeTensors} from './tensor_file.js';

const STATE = 'training.json';
const TENSORS = 'training.bin';

/** Version of what is written; it grows when older readers cannot read on. */
const VERSION = 1;

/** Seed and number of steps, as models and losses with random rivals or schedules have them. */
interface StepStream {
  seed: number;
  steps: number;
}

/** All that a training consists of beside its data. */
export interface Training {
  model: LayersModel;
  /** Generators by name; a state is put back into the same objects. */
  streams?: Record<string, RandomStream>;
  callbacks?: object[];
}

/**
 * Writes the state of a training as files: the model (as tf.loadLayersModel reads it), its optimizer's slots, random
 * numbers, what the callbacks have learnt, and whatever the caller adds.
 *
 * @param progress What JSON can hold, NaN and infinities besides.
 */
export async function writeTraining(
  {model, streams = {}, callbacks = []}: Training,
  progress: Record<string, unknown>,
): Promise<Files> {
  const resumable = callbacks.filter(isResumable);
  const optimizer = await optimizerState(model.optimizer);
  const ofCallbacks = resumable.flatMap((callback, i) =>
    (callback.getStateTensors?.() ?? []).map(({name, tensor}) => ({name: `callback/${i}/${name}`, tensor})),
  );
  try {
    const slots = optimizer.tensors.map(({name, tensor}) => ({name: `optimizer/${name}`, tensor}));
    const {specs, bytes} = await writeTensors([...slots, ...ofCallbacks]);
    const state = {
      version: VERSION,
      optimizer: model.optimizer.getClassName(),
      steps: stepStreams(model).map(stream => ({...stream})),
      streams: Object.fromEntries(Object.entries(streams).map(([name, stream]) => [name, stream.getState()])),
      callbacks: resumable.map(callback => ({key: callback.key, state: callback.getState()})),
      progress,
      specs,
    };
    const text = new TextEncoder().encode(stringifyExactly(state));
    return {...(await writeModel(model)), [STATE]: text, [TENSORS]: bytes};
  } finally {
    optimizer.release();
  }
}

/**
 * Puts the state of a training back, bit for bit.
 *
 * @param accept May refuse the caller's own part, before anything changes.
 * @returns The caller's own part.
 * @throws ArgumentError where model, optimizer, streams or callbacks are not those of the training that was written.
 */
export async function readTraining(
  caller: string,
  {model, streams = {}, callbacks = []}: Training,
  files: Files,
  accept: (progress: Record<string, Json>) => void = () => {},
): Promise<Record<string, Json>> {
  const state = parseExactly(new TextDecoder().decode(files[STATE])) as unknown as SavedState;
  const isKnown = state.version <= VERSION;
  check(
    isKnown,
    caller,
    'the version of the checkpoint',
    `to be at most ${VERSION}`,
    state.version,
    'update tfjs-large-margin',
  );
  const resumable = callbacks.filter(isResumable);
  const same = (argument: string, got: string, wanted: string) =>
    check(got === wanted, caller, argument, `as it was when the checkpoint was saved (${wanted})`, got);
  same('optimizer', model.optimizer.getClassName(), state.optimizer);
  same('streams', namesOf(streams), namesOf(state.streams));
  same('callbacks', keysOf(resumable), keysOf(state.callbacks));
  accept(state.progress);
  const own = stepStreams(model);
  same('model', `${own.length} random margins`, `${state.steps.length} random margins`);
  const tensors = readTensors({specs: state.specs, bytes: files[TENSORS]});
  try {
    readWeightsInto(caller, model, files);
    await restoreState(model.optimizer, under('optimizer/', tensors));
    resumable.forEach((callback, i) => {
      const {state: learnt} = state.callbacks[i];
      if (learnt !== undefined) callback.setState(learnt);
      callback.setStateTensors?.(under(`callback/${i}/`, tensors));
    });
  } finally {
    dispose(tensors.map(({tensor}) => tensor));
  }
  own.forEach((stream, i) => Object.assign(stream, state.steps[i]));
  for (const [name, stream] of Object.entries(streams)) stream.setState(state.streams[name]);
  return state.progress;
}

interface SavedState {
  version: number;
  optimizer: string;
  steps: StepStream[];
  streams: Record<string, number[]>;
  callbacks: Array<{key: string; state?: Json}>;
  progress: Record<string, Json>;
  specs: Json;
}

/** Those of a LargeMarginModel and of marginLoss, in the order of the outputs. */
function stepStreams(model: LayersModel): StepStream[] {
  const {lossFunctions = []} = internalsOf(trainedModel(model));
  const all = [model, ...new Set(lossFunctions)] as Array<{stream?: StepStream}>;
  return all.flatMap(({stream}) => (stream ? [stream] : []));
}

/** Optimizers with names for their slots keep them by those; of tfjs's own, the whole state is taken by position. */
function hasNames(optimizer: Optimizer): boolean {
  return optimizer.getClassName() === 'LargeMarginOptimizer';
}

async function optimizerState(optimizer: Optimizer): Promise<{tensors: NamedTensor[]; release: () => void}> {
  if (hasNames(optimizer)) return {tensors: await optimizer.getWeights(), release: () => {}};
  const tensors = captureOptimizer(optimizer);
  return {tensors, release: () => dispose(tensors.map(({tensor}) => tensor))};
}

async function restoreState(optimizer: Optimizer, tensors: NamedTensor[]): Promise<void> {
  if (hasNames(optimizer)) await optimizer.setWeights(tensors);
  else restoreOptimizer(optimizer, tensors);
}

function under(prefix: string, tensors: NamedTensor[]): NamedTensor[] {
  return tensors
    .filter(({name}) => name.startsWith(prefix))
    .map(({name, tensor}) => ({name: name.slice(prefix.length), tensor}));
}

function namesOf(record: object): string {
  return Object.keys(record).sort().join(', ') || 'none';
}

function keysOf(callbacks: Array<Pick<ResumableCallback, 'key'>>): string {
  return callbacks.map(({key}) => key).join(', ') || 'none';
}
