import {dispose} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {check, type RandomStream} from '../../src/index.js';
import {
  isResumable,
  type Json,
  type NamedTensor,
  type ResumableCallback,
} from '../callbacks/resumable_callback.js';
import {checksumOf} from './checksum.js';
import {fitWeights, MODEL, putWeights, WEIGHTS, writeModel, type Files} from './model_files.js';
import {putOptimizer, takeOptimizer} from './optimizer_state.js';
import {putCounters, takeCounters} from './randomness.js';
import {readTensors, writeTensors} from './tensor_file.js';
import {decodeJson, decodeState, encodeState, type TrainingState} from './training_state.js';

const STATE = 'training.json';
const TENSORS = 'training.bin';

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
  caller: string,
  {model, streams = {}, callbacks = []}: Training,
  progress: Record<string, Json>,
): Promise<Files> {
  const resumable = callbacks.filter(isResumable);
  const {tensors, ...optimizer} = await takeOptimizer(model);
  try {
    const ofCallbacks = resumable.flatMap((callback, i) =>
      prefixed(`callback/${i}/`, callback.getStateTensors?.() ?? []),
    );
    const {specs, bytes} = await writeTensors(caller, [...prefixed('optimizer/', tensors), ...ofCallbacks]);
    const files = {...(await writeModel(model)), [TENSORS]: bytes};
    const state = encodeState({
      optimizer,
      counters: takeCounters(model),
      streams: mapped(streams, stream => stream.getState()),
      callbacks: resumable.map(callback => ({key: callback.key, state: callback.getState()})),
      progress,
      specs,
      checksums: mapped(files, checksumOf),
    });
    return {...files, [STATE]: state};
  } finally {
    dispose(tensors.map(({tensor}) => tensor));
  }
}

/**
 * Puts the state of a training back, bit for bit.
 *
 * @param accept May refuse the caller's own part, before anything changes.
 * @returns The caller's own part.
 * @throws ArgumentError where model, optimizer, streams or callbacks are not those of the training that was written, and
 *     for damaged files; model and optimizer are as before then.
 */
export async function readTraining(
  caller: string,
  {model, streams = {}, callbacks = []}: Training,
  files: Files,
  accept: (progress: Record<string, Json>) => void = () => {},
): Promise<Record<string, Json>> {
  const state = readState(caller, files);
  const resumable = callbacks.filter(isResumable);
  const same = (argument: string, got: string, wanted: string) =>
    check(got === wanted, caller, argument, `as it was when the checkpoint was saved (${wanted})`, got);
  same('optimizer', model.optimizer.getClassName(), state.optimizer.className);
  same('streams', namesOf(streams), namesOf(state.streams));
  same('callbacks', keysOf(resumable), keysOf(state.callbacks));
  const count = (counters: unknown[]) => `${counters.length} seeds of its own`;
  same('model', count(takeCounters(model)), count(state.counters));
  accept(state.progress);
  const saved = readTensors(caller, TENSORS, {specs: state.specs, bytes: files[TENSORS]});
  try {
    await putBack(caller, {model, callbacks: resumable}, state, saved, files);
  } finally {
    dispose(saved.map(({tensor}) => tensor));
  }
  putCounters(model, state.counters);
  for (const [name, stream] of Object.entries(streams)) stream.setState(state.streams[name]);
  return state.progress;
}

/** All that may be refused comes first, the weights last. */
async function putBack(
  caller: string,
  {model, callbacks}: {model: LayersModel; callbacks: ResumableCallback[]},
  state: TrainingState,
  saved: NamedTensor[],
  files: Files,
): Promise<void> {
  const weights = fitWeights(caller, model, decodeJson(caller, MODEL, files[MODEL]), files[WEIGHTS]);
  const before = await takeOptimizer(model);
  try {
    const optimizer = {...state.optimizer, tensors: under('optimizer/', saved)};
    await putOptimizer(caller, model, optimizer, weights.places);
    callbacks.forEach((callback, i) => {
      const {state: learnt} = state.callbacks[i];
      if (learnt !== undefined) callback.setState(learnt);
    });
    callbacks.forEach((callback, i) => callback.setStateTensors?.(under(`callback/${i}/`, saved)));
    putWeights(model, weights.tensors);
  } catch (error) {
    const places = model.weights.map((_, i) => i);
    await putOptimizer(caller, model, before, places);
    throw error;
  } finally {
    dispose([...weights.tensors, ...before.tensors.map(({tensor}) => tensor)]);
  }
}

/** Reads the file that knows all the others, and checks those. */
function readState(caller: string, files: Files): TrainingState {
  const names = [MODEL, WEIGHTS, TENSORS];
  const lost = [STATE, ...names].find(name => !(files?.[name] instanceof Uint8Array));
  check(lost === undefined, caller, 'the checkpoint', `to have the file ${lost}`, Object.keys(files ?? {}));
  const state = decodeState(caller, STATE, files[STATE]);
  for (const name of names) {
    const [got, wanted] = [checksumOf(files[name]), state.checksums[name]];
    check(
      got === wanted,
      caller,
      name,
      `to have the checksum ${wanted}`,
      got,
      'it is damaged, or of another checkpoint',
    );
  }
  return state;
}

function mapped<T, U>(record: Record<string, T>, f: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));
}

function prefixed(prefix: string, tensors: NamedTensor[]): NamedTensor[] {
  return tensors.map(({name, tensor}) => ({name: prefix + name, tensor}));
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
