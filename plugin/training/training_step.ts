import {dispose, keep, Tensor, tidy, type Optimizer, type Scalar} from '@tensorflow/tfjs-core';
import {abandonTape, check, type RandomStream} from '../../src/index.js';
import {releasingMetrics} from './kept_metrics.js';
import {withRandom} from './randomness.js';

/** Takes one step on a batch, as tfjs's `makeTrainFunction` gives it: the loss and the metrics, which are the caller's. */
export type TrainFunction = (data: Tensor[]) => Scalar[];

/** Who takes steps. */
export interface Stepping {
  step: TrainFunction;
  optimizer: Optimizer;
}

/** Changes the inputs of a batch, drawing from a generator. */
export type Augment = (inputs: Tensor[], random: RandomStream) => Tensor[];

/** A batch: the inputs, and all that follows them in what tfjs's training function takes. */
export interface Batch {
  inputs: Tensor[];
  rest: Tensor[];
}

/** Who draws from which generator. */
export interface StepStreams {
  layers: RandomStream;
  augment: RandomStream;
}

/**
 * Takes a step whose random numbers come from generators, those that tfjs draws from Math.random among them.
 *
 * @param batch Makes the batch, whose tensors are disposed of.
 * @returns The loss and the metrics, in their order.
 * @throws ArgumentError for what `augment` returns; whatever the step throws, with Math.random put back.
 */
export async function takeStep(
  caller: string,
  stepping: Stepping,
  batch: () => Batch,
  {layers, augment: random}: StepStreams,
  augment?: Augment,
): Promise<number[]> {
  const results = tidy(() => {
    const {inputs, rest} = batch();
    const changed = augment ? withRandom(random, () => augment([...inputs], random)) : inputs;
    if (augment) checkInputs(caller, changed, inputs);
    return withRandom(layers, () => run(stepping, [...changed, ...rest])).map(result => keep(result));
  });
  return numbersOf(results);
}

/** The values of scalars, which are used up. */
export async function numbersOf(scalars: Scalar[]): Promise<number[]> {
  try {
    return (await Promise.all(scalars.map(scalar => scalar.data()))).map(([value]) => value);
  } finally {
    dispose(scalars);
  }
}

function run({step, optimizer}: Stepping, data: Tensor[]): Scalar[] {
  try {
    return releasingMetrics(optimizer, () => step(data));
  } catch (error) {
    abandonTape();
    throw error;
  }
}

function checkInputs(caller: string, changed: unknown, inputs: Tensor[]): void {
  const list = Array.isArray(changed) ? (changed as unknown[]) : [];
  const fits =
    list.length === inputs.length &&
    inputs.every(({shape}, i) => {
      const input = list[i];
      if (!(input instanceof Tensor) || input.isDisposed) return false;
      return input.rank === shape.length && input.shape[0] === shape[0];
    });
  const wanted = inputs.map(({shape: [size, ...others]}) => `[${[size, ...others.map(() => '...')]}]`);
  const got = list.map(input => (input instanceof Tensor ? `[${input.shape}]` : String(input)));
  const shown = Array.isArray(changed) ? got.join(', ') : typeof changed;
  check(fits, caller, 'augment', `to return a list of tensors ${wanted.join(', ')}`, shown);
}
