import {add, clone, mul, type Scalar, type Tensor, type Tensor1D, type Tensor2D} from '@tensorflow/tfjs-core';
import {check, checkClasses, resolveOptions} from '../checks.js';
import {crossEntropy} from '../scores/cross_entropy.js';
import {oneHotLabels, readLabels} from '../scores/labels.js';
import type {LargeMarginLoss, MarginOptions, ResolvedLayer, ResolvedOptions} from '../types.js';
import {warnOfMasking} from '../warnings.js';
import {aggregateBatch} from './aggregate.js';
import {boundaryDistances, marginTerms} from './margin_terms.js';
import {selectLayers} from './select_layers.js';
import {checkTapeLive} from '../distance/gap_gradients.js';
import {undoOnError, withoutTape} from '../distance/live_tape.js';

/**
 * Computes the large-margin loss of a batch on the live tape, for any model whose activations are at hand.
 *
 *     d = (f_y - f_i) / (epsilon + ||grad_h f_y - grad_h f_i||_q / scale)        (equation 10)
 *     margin = sum_layers weight x mean_batch A_i max(0, min(gamma - d, clip x gamma))
 *     loss = crossEntropyWeight x crossEntropy + marginWeight x margin
 *
 * It keeps no state: with `rivals: 'random'` the same seed draws the same rivals, so pass a new one each step.
 *
 * @param labels One-hot [batch, classes], or class indices [batch].
 * @param logits [batch, classes], computed from the activations on the live tape.
 * @param activations By name, each float32 [batch, ...]. The set 'output' means the logits, 'input' the
 *     activation of that name, 'hidden' all others; by default all activations are margin layers.
 * @returns Scalars on the live tape; dispose of them, or let a tidy do it. A NaN or Infinity that comes in, comes out.
 * @throws ArgumentError for bad options, labels and activations, when no tape is live, and in exact mode for an
 *     operation without a trusted second derivative.
 * @example
 * const {value, grads} = tf.variableGrads(() => {
 *   const hidden = tf.relu(tf.matMul(x, w1));
 *   const logits = tf.matMul(hidden, w2);
 *   return largeMarginLoss(labels, logits, {input: x, hidden}, {gamma: 1}).loss;
 * });
 */
export function largeMarginLoss(
  labels: Tensor,
  logits: Tensor2D,
  activations: Record<string, Tensor>,
  options: MarginOptions,
): LargeMarginLoss {
  const caller = 'largeMarginLoss';
  const resolved = resolveOptions(caller, options);
  warnOfMasking(caller, options, resolved);
  check(logits.rank === 2, caller, 'logits', 'of shape [batch, classes]', logits.shape);
  const [batch, classes] = logits.shape;
  check(batch > 0, caller, 'logits', 'to hold at least one example', logits.shape);
  checkClasses(caller, classes, resolved.topK);
  for (const [name, activation] of Object.entries(activations)) {
    const ok = activation.dtype === 'float32' && activation.shape[0] === batch;
    check(
      ok,
      caller,
      `activation ${name}`,
      `float32 [${batch}, ...]`,
      `${activation.dtype} [${activation.shape}]`,
    );
  }
  const names = Object.keys(activations);
  const sets = {
    known: names,
    input: names.filter(name => name === 'input'),
    hidden: names.filter(name => name !== 'input' && name !== 'output'),
    output: ['output'],
  };
  const layers = selectLayers(caller, options.layers, sets, resolved);
  const indices = readLabels(caller, labels, batch, classes);
  checkTapeLive(caller);
  return composeLoss(
    caller,
    withoutTape(() => oneHotLabels(indices, classes)),
    logits,
    {output: logits, ...activations},
    layers,
    resolved,
  );
}

/** What a model may put in place of the cross-entropy, and weights of the examples. */
export interface LossExtras {
  /** The label loss, a scalar on the live tape. */
  labelLoss?: Scalar;
  /** [batch]; they weigh the margin and the cross-entropy alike. */
  exampleWeights?: Tensor1D;
}

/** The composition behind every door, after the checks; labels are one-hot. When it throws the tape is as before. */
export function composeLoss(
  caller: string,
  labels: Tensor2D,
  logits: Tensor2D,
  activations: Record<string, Tensor>,
  layers: ResolvedLayer[],
  options: ResolvedOptions,
  {labelLoss, exampleWeights}: LossExtras = {},
): LargeMarginLoss {
  return undoOnError(() => {
    const distances = boundaryDistances(caller, labels, logits, activations, layers, options);
    const {margin, layers: terms} = marginTerms(distances, layers, options, exampleWeights);
    const label = labelLoss ? clone(labelLoss) : aggregateBatch(crossEntropy(labels, logits), exampleWeights);
    const loss = add(mul(label, options.crossEntropyWeight), mul(margin, options.marginWeight)) as Scalar;
    return {loss, crossEntropy: label, margin, layers: terms};
  });
}
