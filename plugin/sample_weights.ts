import {clone, dispose, min, mul, tidy, type Tensor} from '@tensorflow/tfjs-core';
import {check, checkFinite} from '../src/index.js';
import {toList, type Data} from './batch_checks.js';

/**
 * Puts weights of the examples in the order of the model's outputs; one tensor is for all of them.
 *
 * @param weights [examples], >= 0, for each output or for all.
 * @throws ArgumentError for another shape or type, a negative number, NaN or Infinity.
 */
export function readSampleWeights(
  caller: string,
  weights: Data,
  examples: number,
  outputNames: string[],
): Tensor[] {
  const isOne = typeof (weights as Tensor)?.dataSync === 'function';
  const list = isOne
    ? outputNames.map(() => weights as Tensor)
    : toList(caller, 'sampleWeight', weights, outputNames);
  for (const weight of new Set(list)) {
    const shape = `${weight.dtype} [${weight.shape}]`;
    const fits = weight.rank === 1 && weight.shape[0] === examples && weight.dtype !== 'string';
    check(fits, caller, 'sampleWeight', `of shape [${examples}]`, shape);
    checkFinite(caller, 'sampleWeight', weight);
    const isNegative = tidy(() => min(weight).dataSync()[0] < 0);
    check(!isNegative, caller, 'sampleWeight', 'to be >= 0 everywhere', 'a negative number');
  }
  return list;
}

/** Multiplies the weights of the examples with those of their classes, which are used up. */
export function combineWeights(sampleWeights: Tensor[], classWeights: Tensor[] | null): Tensor[] {
  const combined = sampleWeights.map((weight, i) =>
    classWeights?.[i] ? mul(weight, classWeights[i]) : clone(weight),
  );
  dispose(classWeights ?? []);
  return combined;
}
