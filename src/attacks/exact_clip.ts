import type {AttackNorm} from './attack_types.js';
import type {Bounds} from './balls.js';

/**
 * Clips one example to the ball and the bounds, in place, so that no rounding is left over: with all numbers taken for
 * what they are in double precision, norm(adversarial - x) <= epsilon and low <= adversarial <= high hold exactly.
 *
 * @param adversarial Where an attack has come to; NaN is put back to x.
 * @param x Inside the bounds.
 * @returns The norm that is left.
 */
export function clipExactly(
  adversarial: Float32Array,
  x: Float32Array,
  norm: AttackNorm,
  epsilon: number,
  [low, high]: Bounds,
): number {
  for (let i = 0; i < x.length; i++) {
    const value = Number.isNaN(adversarial[i]) ? x[i] : adversarial[i];
    adversarial[i] = Math.min(Math.max(value, low), high);
  }
  const length = distanceBetween(adversarial, x, norm);
  if (length <= epsilon) return length;
  if (norm === 'linf') {
    for (let i = 0; i < x.length; i++) {
      const step = adversarial[i] - x[i];
      const kept = Math.min(Math.max(step, -epsilon), epsilon);
      if (kept !== step) adversarial[i] = stepFrom(x[i], kept, adversarial[i]);
    }
    return distanceBetween(adversarial, x, norm);
  }
  let left = length;
  // A hair less than epsilon, for sums of double precision round as well: more where there is more to be summed.
  for (let hair = 1e-12; left > epsilon; hair *= 10) {
    const factor = (epsilon / left) * Math.max(1 - hair, 0);
    for (let i = 0; i < x.length; i++)
      adversarial[i] = stepFrom(x[i], factor * (adversarial[i] - x[i]), adversarial[i]);
    left = distanceBetween(adversarial, x, norm);
  }
  return left;
}

/** The norm of a - b in double precision. */
export function distanceBetween(a: Float32Array, b: Float32Array, norm: AttackNorm): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) {
    const size = Math.abs(a[i] - b[i]);
    if (norm === 'linf') total = size > total || Number.isNaN(size) ? size : total;
    else total += norm === 'l1' ? size : size * size;
  }
  return norm === 'l2' ? Math.sqrt(total) : total;
}

/** The smallest float32 above 0. */
const SMALLEST = 2 ** -149;

const value = new Float32Array(1);
const bits = new Int32Array(value.buffer);

/** The point at `step` from x, but not beyond `end`: where x and `end` are far apart in size, x + (end - x) may be. */
function stepFrom(x: number, step: number, end: number): number {
  const point = roundTowards(x, step);
  return end > x ? Math.min(point, end) : Math.max(point, end);
}

/** x + step in float32, of its two neighbours there the one that is nearer to x. */
function roundTowards(x: number, step: number): number {
  value[0] = x + step;
  if (Math.abs(value[0] - x) <= Math.abs(step)) return value[0];
  if (value[0] === 0) return Math.sign(x) * SMALLEST;
  // Neighbours in float32 are neighbours as integers; the sign decides which is which.
  const isAway = value[0] > 0 === step > 0;
  bits[0] += isAway ? -1 : 1;
  return value[0];
}
