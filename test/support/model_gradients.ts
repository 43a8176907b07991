import {dispose, tidy, variableGrads, type Tensor, type Variable} from '@tensorflow/tfjs-core';
import type {LargeMarginModel} from '../../plugin/index.js';
import {compareGradient, type Agreement} from './finite_differences.js';

/**
 * Compares all gradients of a model's loss with finite differences of that loss. Gradient norms jump where a relu or the maximum of a pool switches: where a switch is too near for
 * finite differences, other weights are tried.
 *
 * @param make A model for a seed of its weights.
 * @returns The largest difference over the largest slope; Infinity where no weights could be judged.
 */
export function modelGradientError(
  make: (seed: number) => LargeMarginModel,
  x: Tensor | Tensor[],
  y: Tensor,
  {training = false, largest}: {training?: boolean; largest?: number} = {},
): number {
  for (let seed = 1; seed <= 12; seed++) {
    const {error, isSettled} = compare(make(seed), x, y, training, largest);
    if (isSettled) return error;
  }
  return Infinity;
}

function compare(
  model: LargeMarginModel,
  x: Tensor | Tensor[],
  y: Tensor,
  training: boolean,
  largest?: number,
): Agreement {
  const variables = model.trainableWeights.map(weight => weight.read() as Variable);
  const {value, grads} = variableGrads(() => model.computeLoss(x, y, {training}).loss, variables);
  const gradients = variables.map(variable => grads[variable.name].dataSync());
  dispose([value, grads]);
  const loss = () => tidy(() => model.computeLoss(x, y, {training}).loss.dataSync()[0]);
  return compareGradient(loss, variables, gradients, largest);
}
