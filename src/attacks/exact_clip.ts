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
      const step = Math.min(Math.max(adversarial[i] - x[i], -epsilon), epsilon);
      adversarial[i] = roundTowards(x[i], step);
    }
  } else {
    // A hair less than epsilon, for the sums of double precision round as well.
    const factor = (epsilon / length) * (1 - 1e-12);
    for (let i = 0; i < x.length; i++) adversarial[i] = roundTowards(x[i], factor * (adversarial[i] - x[i]));
  }
  return distanceBetween(adversarial, x, norm);
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

const value = new Float32Array(1);
const bits = new Int32Array(value.buffer);

/** x + step in float32, of its two neighbours there the one that is nearer to x. */
function roundTowards(x: number, step: number): number {
  value[0] = x + step;
  if (Math.abs(value[0] - x) <= Math.abs(step)) return value[0];
  if (value[0] === 0) return x;
  // Neighbours in float32 are neighbours as integers; the sign decides which is which.
  const isAway = value[0] > 0 === step > 0;
  bits[0] += isAway ? -1 : 1;
  return value[0];
}
