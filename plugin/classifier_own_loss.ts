import {mean, reshape, softmax, tidy, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {composeExampleLosses, crossEntropy, onLiveTape} from '../src/index.js';
import {isCrossEntropy, lossesByOutput} from './label_losses.js';
import type {LargeMarginModelOptions, MarginPlan} from './margin_plan.js';
import type {StepStream} from './model_config.js';
import {internalsOf} from './model_internals.js';
import {optionsToConfig} from './options.js';
import {intercept} from './taps.js';

/** What of a LargeMarginModel its own loss is made of. */
export interface OwnModel extends LayersModel {
  baseModel: LayersModel;
  options: LargeMarginModelOptions;
  stream: StepStream;
}

export function isOwnModel(model: LayersModel): model is OwnModel {
  return model.getClassName() === 'LargeMarginModel';
}

/**
 * Computes the training loss of each example as it would be at the current step: label loss and margin with their
 * weights, at inference, with the strongest rivals. No step is counted.
 *
 * @param labels One-hot, [batch, classes]; a label loss that is a function gets them so, too.
 * @returns `logits` and `losses` [batch], on the live tape where there is one.
 */
export function ownLoss(
  caller: string,
  model: OwnModel,
  plan: MarginPlan,
  x: Tensor,
  labels: Tensor2D,
): {logits: Tensor; losses: Tensor} {
  const options = {...plan.options, rivals: 'top' as const, step: model.stream.steps};
  return onLiveTape(() =>
    tidy(() => {
      const {logits, activations} = intercept(model.baseModel, plan, [x], false);
      const ofLabels = labelLosses(model, plan, logits, labels);
      const {losses} = composeExampleLosses(
        ...([caller, labels, logits, activations, plan.layers, options, ofLabels] as const),
      );
      return {logits, losses};
    }),
  );
}

function labelLosses(model: OwnModel, plan: MarginPlan, logits: Tensor2D, labels: Tensor2D): Tensor {
  const {loss, lossFunctions} = internalsOf(model);
  const named = lossesByOutput(loss, model.outputNames)[plan.outputIndex];
  const compute = lossFunctions?.[plan.outputIndex];
  if (!compute || isCrossEntropy(named)) return crossEntropy(labels, logits, plan.options.labelSmoothing);
  const values = compute(labels, plan.softmax ? softmax(logits) : logits);
  return values.rank < 2 ? values : mean(reshape(values, [values.shape[0], -1]), 1);
}

/** What of a LargeMarginModel decides about its own loss beside the net. */
export function ownTopology({options, stream}: OwnModel): string {
  return JSON.stringify([optionsToConfig(options), stream.steps]);
}
