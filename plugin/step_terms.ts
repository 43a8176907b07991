import {clone, keep, type Scalar} from '@tensorflow/tfjs-core';
import {withoutTape, type LargeMarginLoss} from '../src/index.js';
import {findNonFinite, type NonFiniteFault} from './optimizer/non_finite.js';
import type {NamedTensor} from './optimizer/slot_weights.js';

/** Terms of a step's loss by the names that histories have for them. */
export type StepTerms = Record<string, Scalar>;

const OF_LAYER = 'margin_';

/** Copies of the terms that outlive the step; to be disposed of. */
export function keepTerms({crossEntropy, margin, layers}: Omit<LargeMarginLoss, 'loss'>): StepTerms {
  const ofLayers = Object.entries(layers).map(([name, term]) => [OF_LAYER + name, term] as const);
  // The first at fault is named: the parts before their sum.
  const all = [['crossEntropy', crossEntropy] as const, ...ofLayers, ['margin', margin] as const];
  return withoutTape(() => Object.fromEntries(all.map(([name, term]) => [name, keep(clone(term))])));
}

/** What a step is made of, as far as it is known. */
export interface StepParts {
  gradients: NamedTensor[];
  /** Of the step to come. */
  learningRate?: number;
  /** What is minimized. */
  value?: Scalar;
  terms?: StepTerms;
}

/**
 * Finds NaN and Infinity in a step, with one look at the device where all is well.
 *
 * @returns Where the first one is: in a term of the loss before the gradient of a variable.
 */
export function faultIn(
  step: number,
  {gradients, learningRate = 0, value, terms = {}}: StepParts,
): NonFiniteFault | undefined {
  if (!Number.isFinite(learningRate)) return {step, term: 'learningRate'};
  const loss = value ? [{name: LOSS, tensor: value}] : [];
  const found = findNonFinite([...loss, ...gradients]);
  if (found === undefined) return undefined;
  const name = Object.keys(terms).find(key => !Number.isFinite(terms[key].dataSync()[0]));
  if (name?.startsWith(OF_LAYER)) return {step, term: name, layer: name.slice(OF_LAYER.length)};
  if (name !== undefined) return {step, term: name};
  return value && !Number.isFinite(value.dataSync()[0]) ? {step, term: LOSS} : {step, variable: found};
}

const LOSS = 'loss';
