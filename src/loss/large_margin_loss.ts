import {
  add,
  clone,
  mean,
  mul,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import {check, checkClasses} from '../checks.js';
import {checkStep, resolveOptions} from '../options.js';
import {valueAt} from '../schedules.js';
import {crossEntropy} from '../scores/cross_entropy.js';
import {oneHotLabels, readLabels} from '../scores/labels.js';
import type {LargeMarginLoss, MarginOptions, ResolvedLayer, ResolvedOptions} from '../types.js';
import {warnOfMasking} from '../warnings.js';
import {aggregateBatch} from './aggregate.js';
import {boundaryDistances, marginPenalties, marginTerms, sumOfLayers} from './margin_terms.js';
import {selectLayers} from './select_layers.js';
import {checkTapeLive} from '../distance/gap_gradients.js';
import {isTapeLive, liveTape, undoOnError, withoutTape} from '../distance/live_tape.js';

/**
 * Computes the large-margin loss of a batch on the live tape, for any model whose activations are at hand.
 *
 *     d = (f_y - f_i) / (epsilon + ||grad_h f_y - grad_h f_i||_q / scale)        (equation 10)
 *     margin = sum_layers weight x mean_batch A_i max(0, min(gamma - d, clip x gamma))
 *     loss = crossEntropyWeight x crossEntropy + marginWeight x margin
 *
 * It keeps no state: with `rivals: 'random'` the same seed draws the same rivals, so pass a new one each step; and where
 * an option is a schedule, pass `step`.
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
  return observedLoss('largeMarginLoss', labels, logits, activations, options);
}

/**
 * The same on behalf of another door, which may bring its own label loss, and weights of the examples.
 *
 * @param now What of the options differs from step to step: warnings come once for each options object.
 */
export function observedLoss(
  caller: string,
  labels: Tensor,
  logits: Tensor2D,
  activations: Record<string, Tensor>,
  options: MarginOptions,
  now?: Pick<MarginOptions, 'seed' | 'step'>,
  extras?: LossExtras,
): LargeMarginLoss {
  const resolved = {...resolveOptions(caller, options), ...now};
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
  checkStep(caller, layers, resolved);
  const indices = readLabels(caller, labels, batch, classes);
  checkTapeLive(caller);
  return composeLoss(
    caller,
    withoutTape(() => oneHotLabels(indices, classes)),
    logits,
    {output: logits, ...activations},
    layers,
    resolved,
    extras,
  );
}

/** What a model may put in place of the cross-entropy, and weights of the examples. */
export interface LossExtras {
  /** The label loss, a scalar on the live tape. */
  labelLoss?: Scalar;
  /** [batch]; they weigh the margin and the cross-entropy alike. */
  exampleWeights?: Tensor1D;
  /** Is shown the distances, [batch, topK] by layer name. */
  onDistances?: (distances: Record<string, Tensor2D>) => void;
}

/** The composition behind every door, after the checks; labels are one-hot. When it throws the tape is as before. */
export function composeLoss(
  caller: string,
  labels: Tensor2D,
  logits: Tensor2D,
  activations: Record<string, Tensor>,
  layers: ResolvedLayer[],
  options: ResolvedOptions,
  {labelLoss, exampleWeights, onDistances}: LossExtras = {},
): LargeMarginLoss {
  const ofMargin = (penalties: Record<string, Tensor1D>) => {
    const {margin, layers: terms} = marginTerms(penalties, layers, options, exampleWeights);
    const ownLoss = () =>
      aggregateBatch(crossEntropy(labels, logits, options.labelSmoothing), exampleWeights);
    const label = labelLoss ? clone(labelLoss) : ownLoss();
    return {loss: weighted(label, margin, options), crossEntropy: label, margin, layers: terms};
  };
  return withPenalties(caller, labels, logits, activations, layers, options, ofMargin, onDistances);
}

/** What a host gets that takes the mean over the batch by itself. */
export interface ExampleLosses {
  /** [batch]: crossEntropyWeight x label loss + marginWeight x margin of each example. */
  losses: Tensor1D;
  /** Scalars: means over the batch. */
  terms: Omit<LargeMarginLoss, 'loss'>;
}

/**
 * The same composition example by example, for a host that weighs the examples and takes their mean by itself.
 *
 * @param labelLosses [batch], or a scalar that stands for all.
 */
export function composeExampleLosses(
  caller: string,
  labels: Tensor2D,
  logits: Tensor2D,
  activations: Record<string, Tensor>,
  layers: ResolvedLayer[],
  options: ResolvedOptions,
  labelLosses: Tensor,
  onDistances?: LossExtras['onDistances'],
): ExampleLosses {
  const ofMargin = (penalties: Record<string, Tensor1D>) => {
    const losses = weighted(labelLosses, sumOfLayers(penalties, layers, options), options) as Tensor1D;
    const crossEntropyMean = mean(labelLosses) as Scalar;
    return {losses, terms: {crossEntropy: crossEntropyMean, ...marginTerms(penalties, layers, options)}};
  };
  return withPenalties(caller, labels, logits, activations, layers, options, ofMargin, onDistances);
}

/** Whether so many margins are part of what the live tape recorded. */
export function tapeHasMargin(count = 1): boolean {
  return isTapeLive() && (margins.get(liveTape()) ?? 0) >= count;
}

/** How many there are, by tape. */
const margins = new WeakMap<object, number>();

function withPenalties<T>(
  caller: string,
  labels: Tensor2D,
  logits: Tensor2D,
  activations: Record<string, Tensor>,
  layers: ResolvedLayer[],
  options: ResolvedOptions,
  use: (penalties: Record<string, Tensor1D>) => T,
  onDistances?: LossExtras['onDistances'],
): T {
  checkStep(caller, layers, options);
  // A margin that counts for nothing yet is shown, but not differentiated through.
  const isOff = valueAt(options.marginWeight, options.step ?? 0) === 0;
  const chosen = isOff ? {...options, gradient: 'firstOrder' as const} : options;
  const result = undoOnError(() => {
    const distances = boundaryDistances(caller, labels, logits, activations, layers, chosen);
    onDistances?.(distances);
    return use(marginPenalties(distances, layers, options));
  });
  margins.set(liveTape(), (margins.get(liveTape()) ?? 0) + 1);
  return result;
}

function weighted<T extends Tensor>(label: T, margin: T, options: ResolvedOptions): T {
  const {crossEntropyWeight, marginWeight, step = 0} = options;
  return add(mul(label, valueAt(crossEntropyWeight, step)), mul(margin, valueAt(marginWeight, step)));
}
