import {
  add,
  argMax,
  concat,
  dispose,
  mean,
  mul,
  slice,
  softmax,
  tidy,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Variable,
} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {
  aggregateBatch,
  boundaryDistances,
  composeLoss,
  crossEntropy,
  oneHotLabels,
  onLiveTape,
  readLabels,
  withoutTape,
  type LargeMarginLoss,
  type LossExtras,
} from '../src/index.js';
import {withKernels} from './kernel_scope.js';
import {isCrossEntropy, type LabelLoss} from './label_losses.js';
import {warnOfMixing} from './leak_check.js';
import type {MarginPlan} from './margin_plan.js';
import {restoringOnError} from './snapshot.js';
import {intercept} from './taps.js';

/** What `compile` and `fit` say of the label loss: for each output its name or function, and example weights. */
export interface LabelLosses {
  losses: unknown[];
  functions?: LabelLoss[];
  exampleWeights: Tensor[];
  /** Is shown the distances. */
  onDistances?: LossExtras['onDistances'];
}

export interface MeasuredLoss {
  terms: LargeMarginLoss;
  /** The model's outputs as it gives them. */
  outputs: Tensor[];
  /** The label loss of each output. */
  outputLosses: Scalar[];
}

/**
 * Runs a model once on the live tape and measures all terms of its loss. When that throws, the moving averages that
 * the forward pass has moved get their values back.
 */
export function measureLoss(
  model: LayersModel,
  plan: MarginPlan,
  xs: Tensor[],
  ys: Tensor[],
  training: boolean,
  {losses, functions, exampleWeights, onDistances}: LabelLosses,
  regularizers: () => Scalar[],
): MeasuredLoss {
  const caller = 'LargeMarginModel';
  const indices = readLabels(caller, ys[plan.outputIndex], xs[0].shape[0], plan.classes);
  const labels = withoutTape(() => oneHotLabels(indices, plan.classes));
  const run = () => {
    const {outputs, logits, activations, results} = intercept(model, plan, xs, training);
    if (plan.softmax) outputs[plan.outputIndex] = softmax(logits);
    const outputLosses = outputs.flatMap((output, i) => {
      const weights = exampleWeights[i] as Tensor1D | undefined;
      if (i === plan.outputIndex && isCrossEntropy(losses[i])) {
        return [aggregateBatch(crossEntropy(labels, logits, plan.options.labelSmoothing), weights)];
      }
      if (!functions?.[i]) return [];
      const values = functions[i](ys[i], output);
      return [mean(weights ? mul(values, weights) : values) as Scalar];
    });
    const labelLoss = outputLosses.reduce((total, loss) => add(total, loss));
    const weights = exampleWeights[plan.outputIndex] as Tensor1D | undefined;
    const extras = {labelLoss, exampleWeights: weights, onDistances};
    const terms = composeLoss(caller, labels, logits, activations, plan.layers, plan.options, extras);
    // Not before: what the loss refuses by its name, a walk without any checks would only stumble over.
    if (training) warnOfMixing(caller, plan, logits, results);
    const loss = regularizers().reduce((total, penalty) => add(total, penalty), terms.loss);
    return {terms: {...terms, loss}, outputs, outputLosses};
  };
  const moved = training ? model.nonTrainableWeights.map(weight => weight.read() as Variable) : [];
  return withKernels(() => restoringOnError(moved, run));
}

/** Measures distances as at inference, by margin layer; without labels the predicted class stands for the label. */
export function measureDistances(
  model: LayersModel,
  plan: MarginPlan,
  xs: Tensor[],
  batchSize: number,
  labels?: Int32Array,
): Record<string, Tensor2D> {
  const size = xs[0].shape[0];
  return tidy(() => {
    const parts: Array<Record<string, Tensor2D>> = [];
    for (let start = 0; start < size; start += batchSize) {
      const end = Math.min(start + batchSize, size);
      const batch = xs.map(x => slice(x, start, end - start));
      const ofBatch = () => distancesOfBatch(model, plan, batch, labels?.subarray(start, end));
      parts.push(withKernels(ofBatch));
      dispose(batch);
    }
    return Object.fromEntries(plan.layers.map(({name}) => [name, concat(parts.map(part => part[name]))]));
  });
}

function distancesOfBatch(
  model: LayersModel,
  plan: MarginPlan,
  xs: Tensor[],
  indices?: Int32Array,
): Record<string, Tensor2D> {
  const caller = 'LargeMarginModel.distances';
  const options = {...plan.options, rivals: 'top' as const, gradient: 'firstOrder' as const};
  return onLiveTape(() => {
    const {logits, activations} = intercept(model, plan, xs, false);
    const predicted = () => withoutTape(() => tidy(() => argMax(logits, 1).dataSync() as Int32Array));
    const labels = withoutTape(() => oneHotLabels(indices ?? predicted(), plan.classes));
    return boundaryDistances(caller, labels, logits, activations, plan.layers, options);
  });
}
