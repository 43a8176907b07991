import {
  clipByValue,
  isFinite,
  relu,
  sub,
  tidy,
  where,
  zerosLike,
  type Tensor2D,
  div,
} from '@tensorflow/tfjs-core';
import type {Constant} from '../norms.js';

/**
 * Penalises each distance that falls short of gamma.
 *
 *     max(0, min(gamma - distance, clip * gamma))
 *
 * @param distances [batch, rivals].
 * @param gamma Distance wanted.
 * @param clip The penalty's cap in units of gamma; null: none.
 * @param constant Runs code off the tape: needed for slopes, not for values.
 * @returns [batch, rivals], in [0, clip * gamma]; NaN where the distance is not finite, whatever the backend makes of
 *     clipping a NaN.
 */
export function marginPenalty(
  distances: Tensor2D,
  gamma: number,
  clip: number | null,
  constant: Constant = f => f(),
): Tensor2D {
  return tidy(() => {
    const shortfall = sub(gamma, distances) as Tensor2D;
    const penalty = clip === null ? relu(shortfall) : clipByValue(shortfall, 0, clip * gamma);
    const isSound = constant(() => isFinite(distances));
    const nan = constant(() => div(zerosLike(distances), 0));
    return where(isSound, penalty, nan) as Tensor2D;
  });
}
