import {
  add,
  cast,
  div,
  mul,
  neg,
  oneHot,
  reshape,
  softmax,
  sub,
  sum,
  tidy,
  topk,
  unstack,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import {crossEntropy} from '../scores/cross_entropy.js';
import {rivalDirections} from '../scores/rivals.js';
import type {AttackLoss} from './attack_types.js';

/** What an attack makes larger, [batch], and its gradient with respect to the logits, [batch, classes]. */
export interface Objective {
  values: Tensor1D;
  slopes: Tensor2D;
}

/** Keeps the DLR finite where all logits are equal (Croce and Hein 2020). */
const DLR_EPSILON = 1e-12;

/**
 * Measures what an attack climbs, of true logits; the gradient is written out, so that no digit is lost where a
 * softmax saturates.
 *
 *     crossEntropy   log sum_i exp(z_i) - z_y
 *     logitMargin    max_{i != y} z_i - z_y
 *     dlr            (max_{i != y} z_i - z_y) / (z_(1) - z_(3) + 1e-12)       (Croce and Hein 2020)
 *
 * `z_(k)` is the k-th largest logit. The last two are above 0 exactly where the class is wrong, and the dlr does not
 * change with the scale of the logits.
 *
 * @param logits [batch, classes].
 * @param labels One-hot, [batch, classes].
 * @param targeted The labels are to be reached: the same with the opposite sign.
 */
export function objective(
  loss: Exclude<AttackLoss, 'own'>,
  logits: Tensor2D,
  labels: Tensor2D,
  targeted = false,
): Objective {
  return tidy(() => {
    const {values, slopes} = measures[loss](logits, labels);
    return targeted ? {values: neg(values), slopes: neg(slopes)} : {values, slopes};
  });
}

const measures = {
  crossEntropy(z: Tensor2D, y: Tensor2D): Objective {
    // The slope of the label's own logit is -(sum of the others): 1 - p would be 0 beyond a gap of 17.
    const others = mul(softmax(z), sub(1, y));
    return {values: crossEntropy(y, z), slopes: sub(others, mul(y, sum(others, 1, true)))};
  },
  logitMargin(z: Tensor2D, y: Tensor2D): Objective {
    const slopes = neg(rivalDirections(y, z, 1)[0]);
    return {values: sum(mul(z, slopes), 1), slopes};
  },
  dlr(z: Tensor2D, y: Tensor2D): Objective {
    const [first, , third] = ranked(z, 3);
    return scaleFree(z, neg(rivalDirections(y, z, 1)[0]), sub(first, third));
  },
};

/**
 * A margin in units of how far the logits are spread, both linear in the logits; it does not change with their scale.
 *
 *     margin . z / (spread . z + 1e-12)
 */
export function scaleFree(z: Tensor2D, margin: Tensor2D, spread: Tensor2D): Objective {
  const divisor = add(sum(mul(z, spread), 1, true), DLR_EPSILON);
  const ratio = div(sum(mul(z, margin), 1, true), divisor);
  const slopes = div(sub(margin, mul(ratio, spread)), divisor) as Tensor2D;
  return {values: reshape(ratio, [-1]), slopes};
}

/** One-hot rows of the largest logit, the second largest, ...; of equal logits the first comes first. */
export function ranked(z: Tensor2D, count: number): Tensor2D[] {
  const [, classes] = z.shape;
  // Through int32: wasm's oneHot writes integer bits into a float32 tensor.
  const places = unstack(cast(topk(z, count).indices, 'int32'), 1);
  return places.map(place => cast(oneHot(place, classes), 'float32') as Tensor2D);
}
