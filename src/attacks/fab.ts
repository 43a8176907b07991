import type {Tensor} from '@tensorflow/tfjs-core';
import {check, isFiniteNumber} from '../checks.js';
import {checkCount, checkSeed} from './attack_options.js';
import type {CommonAttackOptions} from './attack_types.js';
import {balls} from './balls.js';
import {lengthOf} from './boundaries.js';
import {defineMinimumAttack} from './define_attack.js';
import {projectFound} from './fab_final_projection.js';
import {searchSegments} from './fab_final_search.js';
import {Found} from './fab_found.js';
import {walkAlong, type FabRule} from './fab_walk.js';
import type {Search} from './search.js';
import {moveTo, rowsAsTensor, survey, Walkers} from './walkers.js';

/** How many rivals are looked at at once, where nobody says: a thousand classes would be a thousand walks a step. */
const RIVALS = 9;

/** Options of `fab`; there are no targets from outside. */
export interface FabOptions extends Omit<CommonAttackOptions, 'targeted'>, Partial<FabRule> {
  /** Number of steps of each walk. Default 100. */
  steps?: number;
  /** Number of walks for each example; the first begins at x, all others at random points around it. Default 1. */
  restarts?: number;
  /**
   * Walks along one boundary at a time: to the class with the largest logit at x, then to the next, so many in all
   * (FAB-T; AutoAttack: 9), at most classes - 1. A step then costs one walk back instead of one for each class. Default:
   * the 9 classes with the largest logits at x, all at once.
   */
  targets?: number;
  /** Largest weight of the step from x, 0..1. Default 0.1. */
  alphaMax?: number;
  /** How far a step goes of the way to the boundary, >= 1. Default 1.05. */
  eta?: number;
  /** How far an adversarial point is taken back towards x, between 0 (to x) and 1 (not at all). Default 0.9. */
  beta?: number;
  /** Seed of the random points, an integer. An example's points depend on it and on its place only. Default 0. */
  seed?: number;
}

/** The options of `fab` with nothing left to default; targets may be left out. */
export interface ResolvedFab extends FabRule {
  restarts: number;
  targets?: number;
  seed: number;
}

/**
 * Seeks the smallest perturbation by walks along the boundary with steps that are drawn back to x, the fast adaptive
 * boundary attack (Croce and Hein 2020), then by a search on the segment to what was found.
 *
 *     x_(n+1) = clip((1 - a) (x_n + eta d_n) + a (x + eta d_x)),   a = min(||d_n|| / (||d_n|| + ||d_x||), alphaMax)
 *
 * d_n and d_x are the shortest steps inside the bounds from x_n and from x to the hyperplane that is the nearest
 * boundary in linear approximation at x_n. Restarts begin half as far from x as what was found, or as the radius. An
 * example for which nothing is found is given back as it is, without success.
 *
 * @param classifier From x to logits; see `toClassifier`.
 * @param x [examples, ...], float32, inside the bounds.
 * @param labels True classes: one-hot [examples, classes] or indices [examples].
 * @param options FabOptions; with `epsilon` or `epsilons` the result is clipped to them.
 * @returns One result, or one for each of the epsilons; the caller disposes of `adversarial`.
 * @throws ArgumentError for bad arguments and for a classifier that returns probabilities.
 * @example
 * const {distance} = await fab(toClassifier(model), x, labels, {norm: 'l2', steps: 20});
 */
export const fab = defineMinimumAttack<FabOptions, ResolvedFab>({
  name: 'fab',
  norms: ['linf', 'l2', 'l1'],
  options: ['steps', 'restarts', 'targets', 'alphaMax', 'eta', 'beta', 'seed'],
  attacks: 'standing',
  usesGradients: true,
  canTarget: false,
  resolve: resolveFab,
  run: runFab,
});

/** Checks the options that are fab's own. */
export function resolveFab(
  caller: string,
  {steps = 100, restarts = 1, targets, alphaMax = 0.1, eta = 1.05, beta = 0.9, seed = 0}: FabOptions,
): ResolvedFab {
  checkCount(caller, 'steps', steps);
  checkCount(caller, 'restarts', restarts);
  if (targets !== undefined) checkCount(caller, 'targets', targets);
  const isShare = isFiniteNumber(alphaMax) && alphaMax >= 0 && alphaMax <= 1;
  check(isShare, caller, 'alphaMax', 'in 0..1', alphaMax);
  check(isFiniteNumber(eta) && eta >= 1, caller, 'eta', 'to be a finite number >= 1', eta);
  check(isFiniteNumber(beta) && beta > 0 && beta < 1, caller, 'beta', 'between 0 and 1', beta);
  checkSeed(caller, seed);
  return {steps, restarts, targets, alphaMax, eta, beta, seed};
}

/**
 * Walks for all examples of a search, whose labels are true classes; with a finite `search.task.epsilon` an example is
 * done as soon as something is found inside that radius.
 */
export async function runFab(
  search: Search,
  {restarts, targets, seed, ...rule}: ResolvedFab,
): Promise<Tensor> {
  const {caller, classes} = search.task;
  const isFew = targets === undefined || targets < classes;
  check(isFew, caller, 'targets', `in 1..${classes - 1} (classes - 1)`, targets);
  const start = await survey(search);
  const found = new Found(search, start);
  const count = targets ?? 1;
  for (let walk = 0; walk < restarts * count; walk++) {
    const open = found.open();
    if (open.length === 0) break;
    const k = walk % count;
    const rivals = start.rivals.map(row => (targets === undefined ? row.slice(0, RIVALS) : [row[k]]));
    const rows =
      walk < count ? start.origins.map(row => row.slice()) : randomStarts(search, found, seed, walk);
    const walkers = new Walkers(search, start, rows, open);
    try {
      await walkAlong(walkers, found, rivals, rule, walk === 0);
    } finally {
      walkers.dispose();
    }
  }
  await searchSegments(search, found);
  await projectFound(search, found);
  return rowsAsTensor(found.rows, search.x.shape);
}

/**
 * A random point for each example, inside the bounds: at half the distance of what was found or of the radius, whichever
 * is smaller; anywhere where there is neither.
 */
function randomStarts(search: Search, found: Found, seed: number, walk: number): Float32Array[] {
  const {norm, bounds, epsilon} = search.task;
  const [low, high] = bounds;
  return search.streams(seed, walk).map((random, place) => {
    const row = new Float32Array(found.rows[place].length);
    const radius = Math.min(found.distances[place], epsilon) / 2;
    if (radius === Infinity) return row.map(() => low + (high - low) * random.next());
    const x = found.from.origins[place];
    balls[norm].draw(row, random);
    const factor = radius / lengthOf(row, norm);
    moveTo(row, bounds, j => x[j] + factor * row[j]);
    return row;
  });
}
