import {
  abs,
  engine,
  max,
  pad,
  range,
  reshape,
  slice,
  sin,
  stack,
  tidy,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import {withConstantStatistics} from './batch_statistics.js';
import {sortLiveTape, withoutTape} from './live_tape.js';
import {mendTape} from './mended_nodes.js';

/**
 * Finds the activations at which an example's scores depend on other examples, by one walk: back from the scores of
 * the first half of the batch, looking for a gradient in the second. Statistics of batches are constants.
 *
 * @param scores [batch, classes], computed from the activations on the live tape.
 * @param activations Each [batch, ...]; they may be disposed of already.
 * @returns Whether examples mix between each activation and the scores; false for a batch of one.
 */
export function mixesExamples(scores: Tensor2D, activations: Tensor[]): boolean[] {
  const [batch, classes] = scores.shape;
  const half = Math.floor(batch / 2);
  if (half === 0 || activations.length === 0) return activations.map(() => false);
  sortLiveTape();
  mendTape();
  const walk = () => {
    // Every score of the first half counts, none like another, so that nothing cancels.
    const some = reshape(sin(range(1, half * classes + 1)), [half, classes]);
    const direction = pad(some, [
      [0, batch - half],
      [0, 0],
    ]);
    const {grads} = engine().gradients(() => scores, activations, direction, true);
    const strengths = grads.map(gradient => (gradient ? max(abs(slice(gradient, half))) : max([0])));
    return stack(strengths).dataSync();
  };
  const strengths = withoutTape(() => tidy(() => withConstantStatistics(walk)));
  return activations.map((_, i) => strengths[i] > 0);
}
