import type {Task} from './search.js';
import {lengthOf, type Boundary} from './boundaries.js';
import {stepToPlane} from './fab_projection.js';
import {moveTo} from './walkers.js';

/** What a step is made with; the symbols are those of Croce and Hein 2020. */
export interface StepRule {
  /** Largest weight of the step that begins at the input. */
  alphaMax: number;
  /** How far a step goes of the way to the boundary: a little beyond it. */
  eta: number;
}

/** The hyperplane slope . point = level. */
export interface Plane {
  slope: Float32Array;
  level: number;
}

type Space = Pick<Task, 'norm' | 'bounds'>;

/** A boundary as it looks from a point, and a hair beyond it: on it the class may not have changed. */
export function planeOf({gap, slope}: Boundary, at: Float32Array, leeway: number): Plane {
  return {slope, level: product(slope, at) - gap - 2 * leeway};
}

/** The shortest step from a point to a plane inside the bounds. */
export function stepTo({slope, level}: Plane, from: Float32Array, {norm, bounds}: Space): Float64Array {
  return stepToPlane(norm, from, slope, level - product(slope, from), bounds);
}

/**
 * Goes to the nearest boundary, drawn towards the input (equation 9):
 *
 *     at <- clip((1 - a) (at + eta d) + a (x + eta d_x)),   a = min(||d|| / (||d|| + ||d_x||), alphaMax)
 *
 * @param at Is written to.
 * @param boundaries As they look from there, one or more, the nearest first.
 */
export function biasedStep(
  at: Float32Array,
  x: Float32Array,
  boundaries: Boundary[],
  leeway: number,
  space: Space,
  {alphaMax, eta}: StepRule,
): void {
  const {plane, step} = nearestWithin(at, boundaries, leeway, space);
  const stepFromX = stepTo(plane, x, space);
  const [length, lengthFromX] = [step, stepFromX].map(d => lengthOf(d, space.norm));
  const alpha = length === 0 ? 0 : Math.min(length / (length + lengthFromX), alphaMax);
  const next = (j: number) => (1 - alpha) * (at[j] + eta * step[j]) + alpha * (x[j] + eta * stepFromX[j]);
  moveTo(at, space.bounds, next);
}

/** The boundary that is nearest inside the bounds, which may be another than without them. */
function nearestWithin(at: Float32Array, boundaries: Boundary[], leeway: number, space: Space) {
  const to = (boundary: Boundary) => {
    const plane = planeOf(boundary, at, leeway);
    const step = stepTo(plane, at, space);
    const isReached =
      Math.abs(product(plane.slope, step) + boundary.gap) <= 1e-6 * Math.abs(boundary.gap) + 3 * leeway;
    return {plane, step, length: isReached ? lengthOf(step, space.norm) : Infinity};
  };
  const [first, ...others] = boundaries;
  let nearest = to(first);
  for (const boundary of others) {
    // Bounds only make the way longer.
    if (boundary.distance >= nearest.length) break;
    const candidate = to(boundary);
    if (candidate.length < nearest.length) nearest = candidate;
  }
  return nearest;
}

function product(slope: Float32Array, vector: Float32Array | Float64Array): number {
  let total = 0;
  for (let j = 0; j < slope.length; j++) total += slope[j] * vector[j];
  return total;
}
