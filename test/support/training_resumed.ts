import {memory, type Tensor} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {expect} from 'vitest';
import type {Data} from '../../plugin/batch_checks.js';
import type {Files} from '../../plugin/training/model_files.js';
import type {ResumableFitArgs} from '../../plugin/training/resumable_args.js';
import {resumableFit, type TrainingHistory} from '../../plugin/training/resumable_fit.js';
import {jsonIn, TrainingStore} from './training_store.js';
import {weightsOf} from './tiny_models.js';

/** A training as one process begins it. */
export interface Begun {
  model: LayersModel;
  x: Data;
  y: Data;
  /** Without the store. */
  args?: ResumableFitArgs;
  /** Asked after the training: what else must be the same. */
  also?: () => unknown;
}

/** All that a training ends with. */
interface Ended {
  weights: number[][];
  history: TrainingHistory;
  /** All checkpoints. */
  saved: unknown[];
  also: unknown;
}

/**
 * Trains without an interruption; with one after the first save, after the second, ...; and with one after every save.
 * Expects the same in each case, every bit: weights, history, and all checkpoints (slots, generators, progress).
 *
 * @param begin Begins in another process: everything new, with initial weights of this seed, which must not matter.
 * @returns What the uninterrupted training ended with, and how many checkpoints it saved.
 */
export async function expectResumable(
  begin: (seed: number) => Begun,
): Promise<Ended & {saves: number; store: TrainingStore}> {
  const store = new TrainingStore();
  const whole = await end(begin(1), store);
  const saves = store.saved.length;
  const chain = new TrainingStore();
  for (let count = 1; count < saves; count++) {
    const one = store.upTo(count);
    expect(await end(begin(10 + count), one), `resumed after save ${count} of ${saves}`).toEqual(whole);
    expect(one.saved.length, 'saves in all').toBe(saves);
    chain.most = 1;
    const process = begin(count === 1 ? 1 : 100 + count);
    await expect(end(process, chain)).rejects.toThrow('');
    expect(chain.saved.length).toBe(count);
  }
  chain.most = Infinity;
  expect(await end(begin(3), chain), 'interrupted after every save').toEqual(whole);
  expect(await end(begin(4), chain), 'run again when all was done').toEqual(whole);
  return {...whole, saves, store};
}

/** Runs a training to its end, or to an error; what it began with is disposed of. */
async function end({model, x, y, args, also}: Begun, checkpoints: TrainingStore): Promise<Ended> {
  const history = await resumableFit(model, x, y, {...args, checkpoints});
  return {
    weights: weightsOf(model),
    history: structuredClone(history),
    saved: checkpoints.saved.map(({files}) => readable(files)),
    also: also?.(),
  };
}

/** A checkpoint with the names that tfjs gives to variables, which differ from process to process, left out. */
export function readable(files: Files): unknown {
  const {optimizer, specs, checksum, checksums, ...state} = jsonIn(files, 'training.json');
  void [checksum, checksums];
  const {variables, ...rest} = optimizer as {variables: string[]};
  const plain = variables.map(name => name.replace(/_\d+$/, ''));
  const named = plain.reduce(
    (text, name, i) => text.replaceAll(`/${name}/`, `/${i}/`),
    // A slot goes on bearing the name that it was given first.
    JSON.stringify(specs).replaceAll(/_\d+(?=\/)/g, ''),
  );
  return {
    ...{state, optimizer: rest, specs: JSON.parse(named)},
    weights: [...files['weights.bin']],
    tensors: [...files['training.bin']],
  };
}

/** Expects f to leave as many tensors as it found, whether it throws or not; returns what it throws. */
export async function expectKept(f: () => Promise<unknown>): Promise<unknown> {
  const before = memory().numTensors;
  const error = await f().then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(memory().numTensors - before, `tensors left behind, error: ${String(error)}`).toBe(0);
  return error;
}

export type {Tensor};
