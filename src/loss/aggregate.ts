import {
  cast,
  div,
  equal,
  max,
  mean,
  mul,
  squeeze,
  sum,
  tidy,
  type Scalar,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import type {Constant} from '../norms.js';

/**
 * Makes one penalty of those of an example's rivals (the operator A of equation 4).
 *
 * @param penalties [batch, rivals].
 * @param aggregate 'sum', or 'max', whose slope tied rivals share equally.
 * @param constant Runs code off the tape: needed for slopes, not for values.
 * @returns [batch].
 */
export function aggregateRivals(
  penalties: Tensor2D,
  aggregate: 'max' | 'sum',
  constant: Constant = f => f(),
): Tensor1D {
  if (penalties.shape[1] === 1) return squeeze(penalties, [1]);
  if (aggregate === 'sum') return sum(penalties, 1);
  return tidy(() => {
    const share = constant(() => {
      const isLargest = cast(equal(penalties, max(penalties, 1, true)), 'float32');
      return div(isLargest, sum(isLargest, 1, true));
    });
    return sum(mul(penalties, share), 1) as Tensor1D;
  });
}

/** Mean over the batch, each example multiplied by its weight where weights are given. */
export function aggregateBatch(values: Tensor1D, exampleWeights?: Tensor1D): Scalar {
  return tidy(() => mean(exampleWeights ? mul(values, exampleWeights) : values) as Scalar);
}
