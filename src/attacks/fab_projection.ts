import type {AttackNorm} from './attack_types.js';
import type {Bounds} from './balls.js';

/**
 * Finds the shortest step from a point inside the bounds to a hyperplane, without leaving the bounds.
 *
 *     min ||step||_p   so that   slope . step = rise,   low <= point + step <= high
 *
 * Exact, in double precision. Where the hyperplane is out of reach inside the bounds, the step goes as near to it as
 * can be: every value that matters to its bound (Croce and Hein 2020, section 3.1).
 *
 * @returns The step, as many values as the point.
 */
export function stepToPlane(
  norm: AttackNorm,
  point: ArrayLike<number>,
  slope: ArrayLike<number>,
  rise: number,
  [low, high]: Bounds,
): Float64Array {
  const size = point.length;
  // How far each value may go where it helps: with the slope's sign to rise, against it to fall.
  const rooms = new Float64Array(size);
  const slopes = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const direction = rise < 0 ? -slope[i] : slope[i];
    slopes[i] = Math.abs(direction);
    rooms[i] = direction === 0 ? 0 : direction > 0 ? high - point[i] : point[i] - low;
  }
  const step =
    norm === 'l1' ? steepestFirst(slopes, rooms, Math.abs(rise)) : alike(norm, slopes, rooms, rise);
  for (let i = 0; i < size; i++) if (rise < 0 !== slope[i] < 0) step[i] = -step[i];
  return step;
}

/**
 * In linf all values go equally far, in l2 in proportion to their slopes, until they run out of room: with t the step of
 * a value of slope 1, what is gained is concave and piecewise linear in t. Newton's method from 0 thus never goes too
 * far, and ends exactly: each of its steps either is the last or finds more values at their bounds.
 */
function alike(norm: AttackNorm, slopes: Float64Array, rooms: Float64Array, rise: number): Float64Array {
  const speed = (i: number) => (norm === 'l2' ? slopes[i] : slopes[i] > 0 ? 1 : 0);
  let t = 0;
  for (;;) {
    let rest = Math.abs(rise);
    let gain = 0;
    for (let i = 0; i < slopes.length; i++) {
      if (t * speed(i) >= rooms[i]) rest -= slopes[i] * rooms[i];
      else gain += slopes[i] * speed(i);
    }
    const next = gain === 0 ? (rest > 0 ? Infinity : t) : rest / gain;
    if (!(next > t)) break;
    t = next;
    if (t === Infinity) break;
  }
  return rooms.map((room, i) => (speed(i) === 0 ? 0 : Math.min(t * speed(i), room)));
}

/** In l1 the values with the largest slopes go as far as they can; found by partition, without sorting them all. */
function steepestFirst(slopes: Float64Array, rooms: Float64Array, rise: number): Float64Array {
  const step = new Float64Array(slopes.length);
  let open = [...slopes.keys()].filter(i => slopes[i] > 0 && rooms[i] > 0);
  let rest = rise;
  const take = (i: number) => {
    step[i] = Math.min(rooms[i], rest / slopes[i]);
    rest = Math.max(rest - slopes[i] * rooms[i], 0);
  };
  while (open.length > 0 && rest > 0) {
    const pivot = slopes[open[open.length >> 1]];
    const steeper = open.filter(i => slopes[i] > pivot);
    const gain = steeper.reduce((total, i) => total + slopes[i] * rooms[i], 0);
    if (gain > rest) {
      open = steeper;
      continue;
    }
    steeper.forEach(take);
    open.filter(i => slopes[i] === pivot).forEach(take);
    open = open.filter(i => slopes[i] < pivot);
  }
  return step;
}
