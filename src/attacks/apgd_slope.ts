import {
  fill,
  logSumExp,
  mul,
  neg,
  sub,
  sum,
  tidy,
  where,
  cast,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import {oneHotLabels} from '../scores/labels.js';
import type {AttackLoss} from './attack_types.js';
import {inputGradient, type Slope} from './input_gradient.js';
import {objective} from './objectives.js';
import type {Search} from './search.js';
import {targetedDlr} from './targeted_dlr.js';
import {towards} from './targets.js';

/** Lower than any logit that is not itself broken. */
const LOWEST = -3.4e38;

/**
 * Looks at the net where `apgd` is now.
 *
 * @param targets Classes that the examples are to be led to: with 'dlr' by its own formula, with all else by what that
 *     says of a target. Without them away from their own.
 */
export function apgdSlope(
  search: Search,
  at: Tensor,
  loss: AttackLoss,
  targets?: Int32Array,
): Promise<Slope> {
  const led = targets === undefined ? search : towards(search, targets);
  if (loss === 'crossEntropy') {
    const {targeted} = led.task;
    return inputGradient(led, at, (logits, labels) => measureOdds(logits, labels, targeted));
  }
  if (loss !== 'dlr' || targets === undefined) return inputGradient(led, at, loss);
  const wanted = () => oneHotLabels(targets, search.task.classes);
  return inputGradient(search, at, (logits, labels) => targetedDlr(logits, labels, wanted()));
}

/**
 * The slopes of the cross-entropy, valued by the log-odds against a class, with which it rises and falls: it is
 * log(1 + exp(odds)), and in float32 that is 0, and no step better than another, for all that a net is sure of.
 *
 *     odds = log sum_{i != y} exp(z_i) - z_y
 */
export function measureOdds(logits: Tensor2D, labels: Tensor2D, targeted: boolean) {
  return tidy(() => {
    const others = where(cast(labels, 'bool'), fill(logits.shape, LOWEST), logits);
    const odds = sub(logSumExp(others, 1), sum(mul(logits, labels), 1)) as Tensor1D;
    const {slopes} = objective('crossEntropy', logits, labels, targeted);
    return {values: (targeted ? neg(odds) : odds) as Tensor1D, slopes};
  });
}
