import {
  abs,
  add,
  cast,
  clipByValue,
  div,
  equal,
  fill,
  greater,
  greaterEqual,
  logicalAnd,
  max,
  maximum,
  minimum,
  mul,
  relu,
  reshape,
  slice,
  sqrt,
  square,
  sub,
  sum,
  tensor,
  tidy,
  topk,
  where,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import type {RandomStream} from '../random.js';
import {signs} from '../signs.js';
import type {AttackNorm} from './attack_types.js';

/** Smallest and largest value that an input may have. */
export type Bounds = [low: number, high: number];

/** What the ball of a norm can do; rows [batch, size], one for each example. */
export interface Ball {
  /** A perturbation drawn uniformly from the ball of radius 1, into `row`. */
  draw(row: Float32Array, random: RandomStream): void;
  /** Steps of length 1 in the norm along which a loss with this gradient rises most; 0 where the gradient is. */
  steepest(gradient: Tensor2D, x: Tensor2D, bounds: Bounds): Tensor2D;
  /** The point of the ball around x, and of the bounds, next to `moved`; for l2 next but for the corners of the bounds. */
  project(x: Tensor2D, moved: Tensor2D, epsilon: number, bounds: Bounds): Tensor2D;
}

/** In l1 a step moves this share of the values, those with the largest gradients (Tramer and Boneh 2019: 1 %). */
const L1_SHARE = 0.01;

/** Halvings of the interval in which the threshold of an l1 projection lies: float32 has 24 bits. */
const HALVINGS = 30;

/** The ball of each norm. */
export const balls: Record<AttackNorm, Ball> = {
  linf: {
    draw(row, random) {
      for (let i = 0; i < row.length; i++) row[i] = 2 * random.next() - 1;
    },
    steepest: gradient => signs(gradient),
    project: (x, moved, epsilon, [low, high]) =>
      tidy(() => {
        const inBall = minimum(maximum(moved, sub(x, epsilon)), add(x, epsilon));
        return clipByValue(inBall, low, high) as Tensor2D;
      }),
  },
  l2: {
    draw(row, random) {
      let squares = 0;
      for (let i = 0; i < row.length; i++) {
        row[i] = gaussian(random);
        squares += row[i] ** 2;
      }
      const factor = squares === 0 ? 0 : random.next() ** (1 / row.length) / Math.sqrt(squares);
      for (let i = 0; i < row.length; i++) row[i] *= factor;
    },
    steepest: gradient =>
      tidy(() => {
        const {scaled, length} = inRange(gradient);
        return div(scaled, positive(length)) as Tensor2D;
      }),
    project: (x, moved, epsilon, [low, high]) =>
      tidy(() => {
        const step = sub(moved, x) as Tensor2D;
        const {largest, length} = inRange(step);
        const inBall = add(x, mul(step, minimum(1, div(epsilon, positive(mul(length, largest))))));
        return clipByValue(inBall, low, high) as Tensor2D;
      }),
  },
  l1: {
    draw(row, random) {
      // A uniform point of the simplex by exponential spacings; the spare one makes it the full ball.
      let total = exponential(random);
      for (let i = 0; i < row.length; i++) {
        const size = exponential(random);
        total += size;
        row[i] = random.next() < 0.5 ? -size : size;
      }
      for (let i = 0; i < row.length; i++) row[i] /= total;
    },
    steepest: (gradient, x, [low, high]) =>
      tidy(() => {
        // A value at its bound cannot move further: the step would be lost on it. Room is a number, for wasm's `where`
        // writes four bytes for each bool, beyond the end of a tensor of bools.
        const room = where(greaterEqual(gradient, 0), sub(high, x), sub(x, low));
        const free = where(greater(room, 0), gradient, fill(gradient.shape, 0));
        const sizes = abs(free);
        const count = Math.max(1, Math.round(L1_SHARE * gradient.shape[1]));
        const least = slice(topk(sizes, count).values, [0, count - 1], [-1, 1]);
        const isMoved = logicalAnd(greaterEqual(sizes, least), greater(sizes, 0));
        const step = where(isMoved, signs(free), fill(gradient.shape, 0));
        return div(step, positive(sum(abs(step), 1, true))) as Tensor2D;
      }),
    // Nearest in ball and bounds at once: soft thresholding, clipped, with the threshold that uses up epsilon.
    project: (x, moved, epsilon, [low, high]) =>
      tidy(() => {
        const step = sub(moved, x);
        const sizes = abs(step);
        const room = where(greater(step, 0), sub(high, x), sub(x, low));
        const shrunk = (threshold: Tensor) => minimum(relu(sub(sizes, threshold)), room);
        const fits = (threshold: Tensor) => greaterEqual(epsilon, sum(shrunk(threshold), 1, true));
        const none = fill([x.shape[0], 1], 0);
        let [least, most]: Tensor[] = [none, max(sizes, 1, true)];
        for (let i = 0; i < HALVINGS; i++) {
          const middle = mul(add(least, most), 0.5);
          const isEnough = fits(middle);
          [least, most] = [where(isEnough, least, middle), where(isEnough, middle, most)];
        }
        const inBall = add(x, mul(signs(step), shrunk(where(fits(none), none, most))));
        return clipByValue(inBall, low, high) as Tensor2D;
      }),
  },
};

/** Perturbations drawn uniformly from the ball, [batch, ...]; each example has a stream of its own. */
export function drawInBall(
  norm: AttackNorm,
  shape: number[],
  epsilon: number,
  streams: RandomStream[],
): Tensor {
  const size = shape.slice(1).reduce((a, b) => a * b, 1);
  const values = new Float32Array(shape[0] * size);
  streams.forEach((random, i) => balls[norm].draw(values.subarray(i * size, (i + 1) * size), random));
  return tidy(() => mul(tensor(values, shape), epsilon));
}

/** The same tensor as rows [batch, size]. */
export function asRows(x: Tensor): Tensor2D {
  return reshape(x, [x.shape[0], -1]);
}

/** A standard normal number (Box and Muller 1958). */
export function gaussian(random: RandomStream): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

function exponential(random: RandomStream): number {
  return -Math.log(1 - random.next());
}

/**
 * Rows divided by their largest value, and the l2 norms of those: no square under- or overflows. What a row comes to
 * depends on no other, so that an attack does not depend on how examples are put into batches.
 */
function inRange(rows: Tensor2D): {scaled: Tensor; largest: Tensor; length: Tensor} {
  const largest = max(abs(rows), 1, true);
  const scaled = div(rows, positive(largest));
  return {scaled, largest, length: sqrt(sum(square(scaled), 1, true))};
}

/** 1 in place of 0: what is divided by it is 0 as well. */
function positive(norms: Tensor): Tensor {
  return add(norms, cast(equal(norms, 0), 'float32'));
}
