import {
  fill,
  mul,
  oneHot,
  reshape,
  stack,
  sub,
  sum,
  tensor2d,
  tidy,
  topk,
  unstack,
  where,
  cast,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import {RandomStream} from '../random.js';

/** Lower than any score that is not itself broken: takes the true class out of the competition. */
const LOWEST = -3.4e38;

/**
 * Picks each example's rivals and gives, for the j-th of them, the direction in score space in which the gap grows.
 *
 *     direction_j = onehot(y) - onehot(rival_j)
 *
 * @param labels One-hot, [batch, classes].
 * @param ranks What a rival is ranked by, [batch, classes]: the scores, or random numbers.
 * @returns topK constants, float32 [batch, classes].
 */
export function rivalDirections(labels: Tensor2D, ranks: Tensor2D, topK: number): Tensor2D[] {
  return tidy(() => {
    const [batch, classes] = labels.shape;
    const others = where(cast(labels, 'bool'), fill([batch, classes], LOWEST), ranks);
    const {indices} = topk(others, topK);
    // Through int32: wasm's oneHot writes integer bits into a float32 tensor.
    const chosen = cast(oneHot(cast(indices, 'int32') as Tensor, classes), 'float32');
    const rivals = topK === 1 ? [reshape(chosen, [batch, classes])] : unstack(chosen, 1);
    return rivals.map(rival => sub(labels, rival) as Tensor2D);
  });
}

/** Uniform random ranks, [batch, classes]: the topK of them are a draw without replacement. */
export function randomRanks(batch: number, classes: number, seed: number): Tensor2D {
  const random = new RandomStream(seed);
  return tensor2d(
    Float32Array.from({length: batch * classes}, () => random.next()),
    [batch, classes],
  );
}

/**
 * Measures by how much the true class leads each rival.
 *
 *     gap_j = f_y - f_rival_j
 *
 * @param scores [batch, classes].
 * @param directions topK tensors [batch, classes] of `rivalDirections`.
 * @returns [batch, topK], on the tape.
 */
export function gaps(scores: Tensor2D, directions: Tensor2D[]): Tensor2D {
  return tidy(
    () =>
      stack(
        directions.map(direction => sum(mul(scores, direction), 1)),
        1,
      ) as Tensor2D,
  );
}
