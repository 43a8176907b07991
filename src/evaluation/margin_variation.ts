import {
  mean,
  reshape,
  square,
  sub,
  sum,
  tidy,
  type Scalar,
  type Tensor,
  type Tensor1D,
} from '@tensorflow/tfjs-core';

/** Of a batch of activations: the mean of each unit, and the sum of all squared differences from it. */
export type BatchMoments = {
  mean: Tensor1D;
  squares: Scalar;
};

/** The moments of activations [batch, ...]. */
export function batchMoments(activation: Tensor): BatchMoments {
  return tidy(() => {
    const rows = reshape(activation, [activation.shape[0], -1]);
    const center = mean(rows, 0) as Tensor1D;
    return {mean: center, squares: sum(square(sub(rows, center))) as Scalar};
  });
}

/**
 * Adds up the total variation of a layer's activations over all examples, batch by batch (Chan, Golub and LeVeque 1979:
 * no large sums are subtracted): the trace of their covariance matrix, as Jiang et al. (2019) normalize margins by.
 *
 *     v = 1/n sum_k ||h_k - mean||_2^2
 */
export class TotalVariation {
  private center?: Float64Array;
  private count = 0;
  private squares = 0;

  /** Takes in a batch of `count` examples. */
  add(mean: ArrayLike<number>, squares: number, count: number): void {
    this.center ??= new Float64Array(mean.length);
    const total = this.count + count;
    let between = 0;
    for (let i = 0; i < mean.length; i++) {
      const difference = mean[i] - this.center[i];
      between += difference * difference;
      this.center[i] += (difference * count) / total;
    }
    this.squares += squares + (between * this.count * count) / total;
    this.count = total;
  }

  /** NaN of no examples. */
  get value(): number {
    return this.squares / this.count;
  }
}
