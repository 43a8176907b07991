import {add, div, mul, tidy, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import {check} from '../checks.js';

/**
 * Estimates, to first order, how far each example is from its boundary with each rival.
 *
 *     distance = gap / (epsilon + dual norm of the gap's gradient / scale)       (equations 7 and 10)
 *
 * @param gaps True score minus rival score, [batch, rivals].
 * @param gradientNorms Dual norms of the gaps' gradients at one layer, [batch, rivals].
 * @param epsilon Keeps the quotient finite where the gap is flat: a zero gradient gives gap / epsilon.
 * @param scale Divides the gradient norm.
 * @returns Signed distances, [batch, rivals]; negative on the wrong side of the boundary.
 * @throws ArgumentError when the shapes differ.
 */
export function boundaryDistance(gaps: Tensor2D, gradientNorms: Tensor, epsilon = 1e-6, scale = 1): Tensor2D {
  const same = gaps.shape.join() === gradientNorms.shape.join();
  check(
    same,
    'boundaryDistance',
    'gradientNorms',
    `to have the shape [${gaps.shape}] of gaps`,
    gradientNorms.shape,
  );
  return tidy(() => {
    const norms = scale === 1 ? gradientNorms : mul(gradientNorms, 1 / scale);
    // Infinity x 0 is NaN: a broken gradient must not read as a distance of 0.
    return add(div(gaps, add(norms, epsilon)), mul(norms, 0)) as Tensor2D;
  });
}
