import {engine, type Tensor} from '@tensorflow/tfjs-core';
import {liveTape, type TapeNode} from './live_tape.js';

/**
 * Runs a walk back along the live tape on which the statistics of a batch are constants: what computes the mean and
 * the variance of a batch normalization is out of sight for its time, so that the score of one example has no
 * gradient at another. Afterwards the tape is whole again, with what the walk has recorded at its end: weights get
 * their full gradient, through the statistics too.
 */
export function withConstantStatistics<T>(walk: () => T): T {
  const {state} = engine();
  const whole = liveTape();
  const statistics = batchStatistics(whole);
  if (statistics.size === 0) return walk();
  const visible = whole.filter(node => !node.outputs.some(t => statistics.has(t.id)));
  const length = visible.length;
  state.activeTape = visible;
  try {
    return walk();
  } finally {
    whole.push(...visible.slice(length));
    state.activeTape = whole;
  }
}

/**
 * The ids of all means and variances of batches. A layer normalization runs the same operation with statistics of
 * its own for each example, spread to the shape of x: those stay.
 */
function batchStatistics(tape: TapeNode[]): Set<number> {
  const ids = new Set<number>();
  for (const {kernelName, inputs} of tape) {
    if (kernelName !== 'FusedBatchNorm') continue;
    const {x, mean, variance} = inputs as Record<string, Tensor>;
    const isOwnOfEachExample = mean.rank > 1 && mean.size === x.size;
    if (isOwnOfEachExample) continue;
    ids.add(mean.id).add(variance.id);
  }
  return ids;
}
