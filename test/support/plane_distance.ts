import type {AttackNorm} from '../../src/attacks/attack_types.js';

/**
 * The distance from x to the hyperplane gap + slope . step = 0 inside the bounds, in float64, as the maximum of the dual
 * problem
 *
 *     D(m) = m gap + min over the box of (size(step) + m slope . step),    m >= 0,
 *
 * with size = ||step||, in l2 ||step||^2 / 2. Whatever m, D(m) is a lower bound of the primal problem, so that a step
 * as short as this is the shortest. Shares no formula with the code under test, which solves the primal problem.
 *
 * @param gap > 0, and 0 somewhere inside the bounds.
 */
export function planeDistance(
  norm: AttackNorm,
  x: ArrayLike<number>,
  slope: ArrayLike<number>,
  gap: number,
  bounds: [number, number],
): number {
  const box = Array.from(x, value => [bounds[0] - value, bounds[1] - value]);
  const slopes = Array.from(slope);
  const dual = (m: number) =>
    m * gap +
    least[norm](
      slopes.map(s => m * s),
      box,
    );
  const highest = maximum(dual);
  return norm === 'l2' ? Math.sqrt(2 * highest) : highest;
}

/** The least of size(step) + pull . step over a box around 0. */
const least: Record<AttackNorm, (pull: number[], box: number[][]) => number> = {
  // Each value by itself; linear on either side of 0.
  l1: (pull, box) => sum(pull.map((p, i) => Math.min(0, ...box[i].map(end => Math.abs(end) + p * end)))),
  l2: (pull, box) =>
    sum(
      pull.map((p, i) => {
        const step = Math.min(Math.max(-p, box[i][0]), box[i][1]);
        return step ** 2 / 2 + p * step;
      }),
    ),
  // For a size t each value goes against its pull by t or to its end; linear between those t where one gets there.
  linf: (pull, box) => {
    const rooms = pull.map((p, i) => (p > 0 ? -box[i][0] : box[i][1]));
    const at = (t: number) => t - sum(pull.map((p, i) => Math.abs(p) * Math.min(t, rooms[i])));
    return Math.min(0, ...rooms.map(at));
  },
};

/** The highest value of a concave function for m >= 0. */
function maximum(f: (m: number) => number): number {
  let high = 1e-6;
  while (f(2 * high) > f(high)) high *= 2;
  let [low, top] = [0, 2 * high];
  for (let i = 0; i < 120; i++) {
    const third = (top - low) / 3;
    if (f(low + third) < f(top - third)) low += third;
    else top -= third;
  }
  return f((low + top) / 2);
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
