import {mean, reshape, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import {
  composeExampleLosses,
  crossEntropy,
  oneHotLabels,
  readLabels,
  withoutTape,
  type ExampleLosses,
} from '../src/index.js';
import {isCrossEntropy, labelFormOf, type LabelLoss} from './label_losses.js';
import type {MarginPlan} from './margin_plan.js';

/** What a training step computed, on the live tape. */
export interface StepTensors {
  /** As they came with the data. */
  labels: Tensor;
  /** The classification output as the model gives it. */
  outputs: Tensor;
  logits: Tensor2D;
  /** At the margin layers, by name. */
  activations: Record<string, Tensor>;
}

/**
 * Measures the label loss and the margin of each example, for hosts that see a loss as a function of labels and
 * outputs. Cross-entropies are computed from the true logits.
 *
 * @param loss Of the label loss its name or itself.
 * @param compute The label loss as a function.
 * @throws ArgumentError for labels that are none.
 */
export function exampleLosses(
  caller: string,
  plan: MarginPlan,
  {labels, outputs, logits, activations}: StepTensors,
  loss: unknown,
  compute: LabelLoss,
): ExampleLosses {
  const indices = readLabels(caller, labels, logits.shape[0], plan.classes, labelFormOf(loss));
  const oneHot = withoutTape(() => oneHotLabels(indices, plan.classes));
  const {labelSmoothing} = plan.options;
  const ofLabels = isCrossEntropy(loss)
    ? crossEntropy(oneHot, logits, labelSmoothing)
    : ofEachExample(compute(labels, outputs));
  return composeExampleLosses(caller, oneHot, logits, activations, plan.layers, plan.options, ofLabels);
}

/** tfjs takes the mean of whatever a loss returns; beside a margin a column would spread to a square. */
function ofEachExample(values: Tensor): Tensor {
  return values.rank < 2 ? values : mean(reshape(values, [values.shape[0], -1]), 1);
}
