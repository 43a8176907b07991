import {
  dispose,
  keep,
  mean,
  tidy,
  type Optimizer,
  type Scalar,
  type Tensor,
  type Variable,
} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {abandonTape, onLiveTape, withoutTape} from '../src/index.js';
import {withKernels} from './kernel_scope.js';
import type {LabelLoss} from './label_losses.js';
import type {MeasuredLoss} from './measure.js';
import {internalsOf} from './model_internals.js';
import {restoringOnError} from './snapshot.js';

/**
 * Takes one step of an optimizer down the measured loss.
 *
 * @param measured Runs the model on the tape that the optimizer opens.
 * @param report Scalars to show beside the loss.
 * @param moved Variables that a forward pass moves, as averages of batch norm.
 * @returns The loss and the reported scalars; the caller disposes of them. After an error nothing is left behind, and what
 *     the forward pass moved is as before, wherever on the way back it was.
 */
export function trainStep(
  optimizer: Optimizer,
  variables: Variable[],
  measured: () => MeasuredLoss,
  report: (measured: MeasuredLoss) => Scalar[],
  moved: Variable[] = [],
): Scalar[] {
  const reported: Scalar[] = [];
  try {
    const run = () => {
      const result = measured();
      reported.push(...report(result).map(value => keep(value)));
      return result.terms.loss;
    };
    // In a tidy: tfjs lets go of the loss before it walks back, and keeps it for ever when that throws.
    const step = () => tidy(() => optimizer.minimize(run, true, variables) as Scalar);
    const loss = restoringOnError(moved, () => withKernels(step));
    return [loss, ...reported];
  } catch (error) {
    dispose(reported);
    abandonTape();
    throw error;
  }
}

/** Takes one step of a model's trainable weights; after an error what the forward pass moved is as before, too. */
export function trainModel(
  model: LayersModel,
  optimizer: Optimizer,
  measured: () => MeasuredLoss,
  report: (measured: MeasuredLoss) => Scalar[],
): Scalar[] {
  const variables = internalsOf(model).collectedTrainableWeights.map(weight => weight.read());
  const moved = model.nonTrainableWeights.map(weight => weight.read() as Variable);
  return trainStep(optimizer, variables, measured, report, moved);
}

/** The same measurements on a tape of their own, without a step. */
export function testStep(
  measured: () => MeasuredLoss,
  report: (measured: MeasuredLoss) => Scalar[],
): Scalar[] {
  return onLiveTape(() => {
    const result = measured();
    return [result.terms.loss, ...report(result)];
  });
}

/**
 * What the history shows beside the loss: the label loss of each of several outputs, the metrics, then the label
 * loss, the margin and its terms.
 *
 * @param metrics Of tfjs-layers: a function of labels and outputs, and the output it is for; where there are several
 *     outputs, the first of them stand for the label losses.
 */
export function reportedScalars(
  {terms, outputs, outputLosses}: MeasuredLoss,
  ys: Tensor[],
  metrics: Array<[LabelLoss, number]>,
): Scalar[] {
  const several = outputs.length > 1;
  const values = metrics.map(([metric, index], i) => {
    if (several && i < outputs.length) return outputLosses[i];
    return withoutTape(() => tidy(() => mean(metric(ys[index], outputs[index])) as Scalar));
  });
  return [...values, terms.crossEntropy, terms.margin, ...Object.values(terms.layers)];
}
