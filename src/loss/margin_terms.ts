import {
  add,
  concat,
  mul,
  reshape,
  scalar,
  tidy,
  transpose,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import {dualNorm, type Constant} from '../norms.js';
import {valueAt} from '../schedules.js';
import {boundaryDistance} from '../distance/boundary_distance.js';
import {gapGradients} from '../distance/gap_gradients.js';
import {withoutTape} from '../distance/live_tape.js';
import {classScores} from '../scores/class_scores.js';
import {gaps, randomRanks, rivalDirections} from '../scores/rivals.js';
import type {ResolvedLayer, ResolvedOptions} from '../types.js';
import {aggregateBatch, aggregateRivals} from './aggregate.js';
import {marginPenalty} from './margin_penalty.js';

const constant: Constant = f => withoutTape(f);

/**
 * Measures each example's distance to its boundary with each rival, at all margin layers in as few walks as can be.
 *
 * @param labels One-hot, [batch, classes].
 * @param logits [batch, classes], on the live tape.
 * @param activations By name, each [batch, ...], on the way to the logits on the live tape.
 * @returns Signed distances [batch, topK] by layer name.
 */
export function boundaryDistances(
  caller: string,
  labels: Tensor2D,
  logits: Tensor2D,
  activations: Record<string, Tensor>,
  layers: ResolvedLayer[],
  options: ResolvedOptions,
): Record<string, Tensor2D> {
  const [batch, classes] = logits.shape;
  const scores = classScores(logits, options.scores);
  const directions = withoutTape(() => {
    const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32);
    const ranks = options.rivals === 'random' ? randomRanks(batch, classes, seed) : scores;
    return rivalDirections(labels, ranks, options.topK);
  });
  const gap = gaps(scores, directions);
  // The logits are where 'output' is measured; with probabilities they lie before the softmax.
  const chosen = Object.fromEntries(layers.map(({name}) => [name, activations[name]]));
  const gradients = gapGradients(caller, scores, chosen, directions, options);
  const distances = layers.map(({name, norm, scale}) => {
    const factor = scale === 'size' ? activations[name].size / batch : scale;
    const norms = () => {
      const rows = concat(gradients[name].map(gradient => dualNorm(gradient, norm, constant)));
      return transpose(reshape(rows, [options.topK, batch]));
    };
    const gradientNorms = options.gradient === 'exact' ? norms() : withoutTape(norms);
    return [name, boundaryDistance(gap, gradientNorms, options.epsilon, factor)] as const;
  });
  return Object.fromEntries(distances);
}

/** Each example's penalty at each layer, its rivals made one: [batch] by layer name. */
export function marginPenalties(
  distances: Record<string, Tensor2D>,
  layers: ResolvedLayer[],
  {clip, aggregate, step = 0}: ResolvedOptions,
): Record<string, Tensor1D> {
  const ofLayer = ({name, gamma}: ResolvedLayer) =>
    tidy(() => {
      const penalties = marginPenalty(distances[name], valueAt(gamma, step), clip, constant);
      return aggregateRivals(penalties, aggregate, constant);
    });
  return Object.fromEntries(layers.map(layer => [layer.name, ofLayer(layer)]));
}

/** The margin and its terms, one for each layer, of penalties [batch] (the bracket of equation 10). */
export function marginTerms(
  penalties: Record<string, Tensor1D>,
  layers: ResolvedLayer[],
  options: ResolvedOptions,
  exampleWeights?: Tensor1D,
): {margin: Scalar; layers: Record<string, Scalar>} {
  const terms: Record<string, Scalar> = {};
  for (const {name} of layers) terms[name] = aggregateBatch(penalties[name], exampleWeights);
  return {margin: sumOfLayers(terms, layers, options), layers: terms};
}

/** Adds up what each layer gives, scalars or [batch]. */
export function sumOfLayers<T extends Tensor>(
  values: Record<string, T>,
  layers: ResolvedLayer[],
  {reduceLayers, step = 0}: ResolvedOptions,
): T {
  let total: Tensor = scalar(0);
  for (const {name, weight} of layers) total = add(total, mul(values[name], valueAt(weight, step)));
  return (reduceLayers === 'mean' ? mul(total, 1 / layers.length) : total) as T;
}
