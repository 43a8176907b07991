import * as tf from '@tensorflow/tfjs-core';
import type {NamedSlots} from '../../../plugin/optimizer/named_slots.js';
import {randomTensor} from '../../support/randoms.js';

/** tfjs's seven optimizers, with options under which all that they keep matters. */
export const STOCK: Record<string, () => tf.Optimizer> = {
  sgd: () => tf.train.sgd(0.05),
  momentum: () => tf.train.momentum(0.02, 0.9),
  nesterov: () => tf.train.momentum(0.02, 0.9, true),
  rmsprop: () => tf.train.rmsprop(0.01, 0.9, 0.5),
  adam: () => tf.train.adam(0.02),
  adamax: () => tf.train.adamax(0.02, 0.9, 0.999, undefined, 0.01),
  adagrad: () => tf.train.adagrad(0.1),
  adadelta: () => tf.train.adadelta(0.5, 0.95),
};

/** The optimizers that keep something for every variable. */
export const WITH_SLOTS = Object.entries(STOCK).filter(([name]) => name !== 'sgd');

export type Gradients = Array<{name: string; tensor: tf.Tensor}>;

/** A variable of this name with numbers that its name decides. */
export function named(name: string, shape: number[] = [2, 2]): tf.Variable {
  return tf.tidy(() => tf.variable(randomTensor(shape, seedOf(name)), true, name));
}

/** Gradients that a step's number and the place of a variable decide, not its name. */
export function gradientsAt(step: number, variables: Array<tf.Variable | null>): Gradients {
  return variables.flatMap((v, i) =>
    v ? [{name: v.name, tensor: randomTensor(v.shape, 1000 * (i + 1) + step)}] : [],
  );
}

/** Takes a step for these variables, each where null stands not being part of it. */
export function stepBy(
  optimizer: NamedSlots | tf.Optimizer,
  step: number,
  variables: Array<tf.Variable | null>,
): void {
  const gradients = gradientsAt(step, variables);
  if ('apply' in optimizer) optimizer.apply(gradients);
  else optimizer.applyGradients(gradients);
  tf.dispose(gradients);
}

/** The bits of a tensor: NaN equals itself here, and 0 is not -0. */
export function bitsOf(tensor: tf.Tensor): number[] {
  return Array.from(new Int32Array(new Float32Array(tensor.dataSync()).buffer));
}

/** Saved state as a file would hold it: copies with values of their own. */
export function copied(weights: Array<{name: string; tensor: tf.Tensor}>): Gradients {
  return weights.map(({name, tensor}) => ({
    name,
    tensor: tf.tensor(tensor.dataSync().slice(), tensor.shape, tensor.dtype),
  }));
}

function seedOf(name: string): number {
  return Array.from(name).reduce((sum, letter) => (31 * sum + letter.charCodeAt(0)) % 9973, 7);
}
