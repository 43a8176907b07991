import {
  add,
  logSoftmax,
  mul,
  neg,
  ones,
  sum,
  tidy,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';

/**
 * Measures the cross-entropy of each example from true logits, so that a gap of 1e4 neither saturates the value nor
 * clips its gradient to 0, as tfjs-layers' loss on probabilities does beyond a gap of 17.
 *
 *     -sum_i label_i log softmax(logits)_i
 *
 * @param labels One-hot, [batch, classes].
 * @param logits [batch, classes].
 * @param smoothing Share of each label that is spread evenly over all classes, in [0, 1) (Szegedy et al. 2016).
 * @returns [batch].
 */
export function crossEntropy(labels: Tensor2D, logits: Tensor2D, smoothing = 0): Tensor1D {
  return tidy(() => {
    const even = smoothing / logits.shape[1];
    const wanted = smoothing === 0 ? labels : add(mul(labels, 1 - smoothing), even);
    // Times one: webgl's packed products also multiply the padding of an odd number of columns, which the gradient of
    // logSoftmax leaves at 1; this multiplication makes it 0 again.
    const clean = mul(logits, ones(logits.shape)) as Tensor2D;
    return neg(sum(mul(wanted, logSoftmax(clean)), 1)) as Tensor1D;
  });
}
