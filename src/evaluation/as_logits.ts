import {add, log, tidy, type Tensor} from '@tensorflow/tfjs-core';
import type {Classifier} from '../types.js';

/** The smallest normal float32: too small to change any probability but 0, whose logarithm would not be finite. */
const TINY = 2 ** -126;

/**
 * Makes log p the logits of a classifier that returns probabilities, so that attacks take it. What a softmax has rounded
 * to 0 or 1 stays lost: figures made so are an upper bound.
 */
export function asLogits(classifier: Classifier): Classifier {
  const logits = (x: Tensor) => tidy(() => log(add(classifier(x), TINY)));
  const {ownLoss, within, fingerprint} = classifier;
  return Object.assign(logits, {ownLoss, within, fingerprint});
}
