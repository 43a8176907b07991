import {
  add,
  cast,
  customGrad,
  div,
  equal,
  getBackend,
  max,
  maximum,
  min,
  mul,
  neg,
  pow,
  reshape,
  sqrt,
  square,
  sum,
  tidy,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import {checkNorm} from './checks.js';
import {signs} from './signs.js';
import type {Norm} from './types.js';

type GradSaveFunc = (tensors: Tensor[]) => void;

/** Runs a function whose result counts as a constant for backpropagation. */
export type Constant = <T extends Tensor>(f: () => T) => T;

/** The exponent of a norm: l1 -> 1, l2 -> 2, linf -> Infinity. */
export function exponent(norm: Norm): number {
  return norm === 'l1' ? 1 : norm === 'l2' ? 2 : norm === 'linf' ? Infinity : norm;
}

/** The exponent q of the dual norm, 1/p + 1/q = 1 (equation 7). */
export function dualExponent(norm: Norm): number {
  const p = exponent(norm);
  return p === 1 ? Infinity : p === Infinity ? 1 : p / (p - 1);
}

/**
 * Measures each example of a gradient in the norm dual to the norm of the distance.
 *
 *     ||g||_q,  1/p + 1/q = 1
 *
 * Safe for backpropagation where plain formulas are not: a zero example has norm 0 and slope 0, |g| has slope 0 at
 * 0, tied maxima share their slope, and neither 1e-30 nor 1e30 under- or overflows when it is squared.
 *
 * @param gradient [batch, ...].
 * @param norm Norm of the distance, l_p.
 * @param constant Runs code off the tape, as `withoutTape` does: needed for slopes, not for values.
 * @returns [batch].
 */
export function dualNorm(gradient: Tensor, norm: Norm, constant: Constant = f => f()): Tensor1D {
  checkNorm('dualNorm', norm);
  return tidy(() => {
    const g = reshape(gradient, [gradient.shape[0], -1]) as Tensor2D;
    const q = dualExponent(norm);
    if (q === 1) return sum(magnitude(g, constant), 1);
    if (q === 2) return euclideanNorm(g) as Tensor1D;
    // A constant on the tape: it only rescales or, when q is infinite, its place is what counts.
    const largest = constant(() => maximum(max(g, 1), neg(min(g, 1))));
    const column = constant(() => reshape(largest, [-1, 1]));
    if (q === Infinity) return sum(mul(g, shareOfLargest(g, column, constant)), 1);
    // A zero row has no slope under a root: 1 stands in for its divisor and its sum, the factor makes it 0 again.
    const isZero = constant(() => cast(equal(largest, 0), 'float32'));
    const scaled = div(
      g,
      constant(() => add(column, reshape(isZero, [-1, 1]))),
    );
    const total = add(sum(pow(magnitude(scaled, constant), q), 1), isZero);
    return mul(pow(total, 1 / q), largest) as Tensor1D;
  });
}

/** The l2 norm of each row; its slope, row / norm, is one product instead of those of all its steps. */
const euclideanNorm = customGrad((rows, save) => {
  const g = rows as Tensor2D;
  const {value, isInRange} = euclideanNorms(g);
  (save as GradSaveFunc)([g, value]);
  const column = (t: Tensor) => reshape(t, [-1, 1]);
  const gradFunc = (dy: Tensor, [g, value]: Tensor[]) => {
    // A row of zeros stays one, whatever it is divided by.
    const divisor = add(value, cast(equal(value, 0), 'float32'));
    // dy / norm may overflow where row / norm does not.
    return isInRange ? mul(g, column(div(dy, divisor))) : mul(div(g, column(divisor)), column(dy));
  };
  return {value, gradFunc};
});

/** The sum of squares where it can be relied upon, else that of rows which are divided by their largest entry before. */
function euclideanNorms(g: Tensor2D): {value: Tensor; isInRange: boolean} {
  const squares = sum(square(g), 1);
  const isInRange = (square: number) => square > 1e-30 && square < 1e30;
  // A gpu would have to be waited for.
  const isReadAtOnce = ['tensorflow', 'cpu', 'wasm'].includes(getBackend());
  if (isReadAtOnce && squares.dataSync().every(isInRange)) return {value: sqrt(squares), isInRange: true};
  const largest = maximum(max(g, 1), neg(min(g, 1)));
  const divisor = add(largest, cast(equal(largest, 0), 'float32'));
  const value = mul(sqrt(sum(square(div(g, reshape(divisor, [-1, 1]))), 1)), largest);
  return {value, isInRange: false};
}

/** |g| with slope 0 at 0, where tfjs's abs has -1. */
function magnitude(g: Tensor, constant: Constant): Tensor {
  return mul(
    g,
    constant(() => signs(g)),
  );
}

/** The slope of max|g|: the sign of the largest entry, shared equally among ties. */
function shareOfLargest(g: Tensor2D, largest: Tensor, constant: Constant): Tensor {
  return constant(() => {
    const ways = signs(g);
    const isLargest = cast(equal(mul(g, ways), largest), 'float32');
    return div(mul(ways, isLargest), sum(isLargest, 1, true));
  });
}
