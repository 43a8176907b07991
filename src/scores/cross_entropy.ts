import {add, logSoftmax, mul, neg, sum, tidy, type Tensor1D, type Tensor2D} from '@tensorflow/tfjs-core';

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
    return neg(sum(mul(wanted, logSoftmax(logits)), 1)) as Tensor1D;
  });
}
