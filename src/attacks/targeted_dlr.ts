import {add, mul, sub, tidy, type Tensor2D} from '@tensorflow/tfjs-core';
import {ranked, scaleFree, type Objective} from './objectives.js';

/**
 * Measures how near each example is to a class that it is to be led to, whatever the scale of the logits (Croce and Hein
 * 2020, equation 7); above 0 exactly where that class is ahead of the true one.
 *
 *     (z_t - z_y) / (z_(1) - (z_(3) + z_(4)) / 2 + 1e-12)
 *
 * @param logits [batch, classes], four classes or more.
 * @param labels True classes, one-hot [batch, classes].
 * @param targets Classes to be led to, one-hot [batch, classes].
 */
export function targetedDlr(logits: Tensor2D, labels: Tensor2D, targets: Tensor2D): Objective {
  return tidy(() => {
    const [first, , third, fourth] = ranked(logits, 4);
    const spread = sub(first, mul(add(third, fourth), 0.5)) as Tensor2D;
    const {values, slopes} = scaleFree(logits, sub(targets, labels), spread);
    return {values, slopes};
  });
}
