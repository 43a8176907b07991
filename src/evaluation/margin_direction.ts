import {
  abs,
  add,
  cast,
  div,
  equal,
  max,
  mul,
  pow,
  reshape,
  sum,
  tidy,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import {dualExponent, dualNorm} from '../norms.js';
import {signs} from '../signs.js';
import type {Norm} from '../types.js';

/**
 * Gives the direction of length 1 in a norm along which a function with this gradient rises most: its slope there is the
 * gradient's dual norm, which is what linear distances are divided by.
 *
 *     u_i = sign(g_i) |g_i|^(q - 1),  1/p + 1/q = 1,  divided by its l_p norm
 *
 * In linf these are the signs, in l1 the largest entries alone (an attack's l1 step moves more of them, and so rises
 * less steeply).
 *
 * @param gradient [batch, ...].
 * @returns [batch, ...]; 0 where the gradient is.
 */
export function steepestDirection(gradient: Tensor, norm: Norm): Tensor {
  return tidy(() => {
    const g = reshape(gradient, [gradient.shape[0], -1]) as Tensor2D;
    const q = dualExponent(norm);
    const sizes = abs(g);
    const largest = max(sizes, 1, true);
    // Powers of entries in [0, 1] do not overflow.
    const powers = () => pow(div(sizes, orOne(largest)), q - 1);
    const isLargest = () => cast(equal(sizes, largest), 'float32');
    const entries = mul(signs(g), q === Infinity ? isLargest() : q === 1 ? 1 : powers());
    const lengths = q === Infinity ? sum(abs(entries), 1) : lengthIn(norm, entries);
    return reshape(div(entries, orOne(reshape(lengths, [-1, 1]))), gradient.shape);
  });
}

/** The length of each example in a norm, [batch]. */
export function lengthIn(norm: Norm, x: Tensor): Tensor1D {
  // The norm whose dual this is.
  return dualNorm(x, dualExponent(norm));
}

/** 1 in place of 0: what is divided by it is 0 as well. */
function orOne(values: Tensor): Tensor {
  return add(values, cast(equal(values, 0), 'float32'));
}
