import {softmax, type Tensor2D} from '@tensorflow/tfjs-core';

/**
 * Gives the scores f that the margin compares (equation 1): the logits, or their softmax.
 *
 * @param logits [batch, classes].
 * @returns [batch, classes]; for 'logits' the very same tensor.
 */
export function classScores(logits: Tensor2D, scores: 'logits' | 'probabilities'): Tensor2D {
  return scores === 'logits' ? logits : softmax(logits);
}
