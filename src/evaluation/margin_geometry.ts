import {add, mul, reshape, type Tensor, type Tensor1D, type Tensor2D} from '@tensorflow/tfjs-core';
import {boundaryDistance} from '../distance/boundary_distance.js';
import {gapGradients} from '../distance/gap_gradients.js';
import {withoutTape} from '../distance/live_tape.js';
import {dualNorm} from '../norms.js';
import {classScores} from '../scores/class_scores.js';
import {gaps, rivalDirections} from '../scores/rivals.js';
import type {ResolvedLayer, ResolvedOptions} from '../types.js';

/** Where the boundary to the strongest rival lies, seen from one layer; constants of the tape. */
export type Geometry = {
  /** Signed distances, [batch]. */
  distances: Tensor1D;
  /** What the gaps were divided by: dual norm / scale + epsilon, [batch]. */
  denominators: Tensor1D;
  /** The gradients of the gaps, [batch, ...]. */
  gradients: Tensor;
};

/**
 * Measures each example's distance to its boundary with the strongest rival, and keeps what it was made of.
 *
 * @param labels One-hot, [batch, classes].
 * @param logits [batch, classes], on the live tape.
 * @param activations By name, each [batch, ...], on the way to the logits on the live tape.
 * @returns By layer name.
 */
export function boundaryGeometry(
  caller: string,
  labels: Tensor2D,
  logits: Tensor2D,
  activations: Record<string, Tensor>,
  layers: Array<Pick<ResolvedLayer, 'name' | 'norm' | 'scale'>>,
  {scores: kind, epsilon, batchStatistics}: Pick<ResolvedOptions, 'scores' | 'epsilon' | 'batchStatistics'>,
): Record<string, Geometry> {
  const [batch] = logits.shape;
  const scores = classScores(logits, kind);
  const directions = withoutTape(() => rivalDirections(labels, scores, 1));
  const chosen = Object.fromEntries(layers.map(({name}) => [name, activations[name]]));
  const walk = {gradient: 'firstOrder', batchStatistics} as const;
  const gradients = gapGradients(caller, scores, chosen, directions, walk);
  return withoutTape(() => {
    const gap = gaps(scores, directions);
    const ofLayer = ({name, norm, scale}: (typeof layers)[number]): Geometry => {
      const [gradient] = gradients[name];
      const factor = scaleFactor(scale, gradient);
      const norms = dualNorm(gradient, norm);
      const distances = boundaryDistance(gap, reshape(norms, [batch, 1]), epsilon, factor);
      const denominators = add(mul(norms, 1 / factor), epsilon) as Tensor1D;
      return {distances: reshape(distances, [batch]), denominators, gradients: gradient};
    };
    return Object.fromEntries(layers.map(layer => [layer.name, ofLayer(layer)]));
  });
}

/** What a layer's option `scale` multiplies distances by. */
export function scaleFactor(scale: ResolvedLayer['scale'], activation: Tensor): number {
  return scale === 'size' ? activation.size / activation.shape[0] : scale;
}
