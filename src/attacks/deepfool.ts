import type {Tensor} from '@tensorflow/tfjs-core';
import {check, isFiniteNumber} from '../checks.js';
import {checkCount} from './attack_options.js';
import type {CommonAttackOptions} from './attack_types.js';
import {boundaryOf, nearestFirst, type Boundary} from './boundaries.js';
import {defineMinimumAttack} from './define_attack.js';
import type {Search, Task} from './search.js';
import {moveTo, rowsAsTensor, survey, Walkers} from './walkers.js';

/** Options of `deepFool`; there are no targets. */
export interface DeepFoolOptions extends Omit<CommonAttackOptions, 'targeted'> {
  /** Largest number of steps. Default 50. */
  steps?: number;
  /** How many rivals are looked at in each step: those with the largest logits at x. Default 9, or all there are. */
  candidates?: number;
  /** By which share of the whole perturbation each step goes beyond the boundary, >= 0. Default 0.02. */
  overshoot?: number;
}

/** The options of `deepFool` with nothing left to default. */
export type ResolvedDeepFool = Required<Pick<DeepFoolOptions, 'steps' | 'candidates' | 'overshoot'>>;

/**
 * Seeks the smallest perturbation by going to the boundary that is nearest in linear approximation, again and again
 * (Moosavi-Dezfooli, Fawzi and Frossard 2016, algorithm 2).
 *
 *     l = argmin_k |f_k| / ||w_k||_q,   r <- r + |f_l| / ||w_l||_q steepest(w_l),   x_(n+1) = clip(x + (1 + overshoot) r)
 *
 * `f_k = z_y - z_k`, w_k is its gradient at x_n, `steepest` is -w / ||w||_2 in l2 and -sign(w) in linf. From half of the
 * steps on, w is 0 for values that their bounds hold back: without that, such an example might come nearer for ever. On
 * an affine net the distance is (1 + overshoot) times the smallest there is, to rounding also for an overshoot of 0, where
 * the bounds are not in the way. An example is done when its class is wrong; one that never gets there is given where it
 * was last, without success.
 *
 * @param classifier From x to logits; see `toClassifier`.
 * @param x [examples, ...], float32, inside the bounds.
 * @param labels True classes: one-hot [examples, classes] or indices [examples].
 * @param options DeepFoolOptions, norm 'l2' (default) or 'linf'; with `epsilon` or `epsilons` the result is clipped to them.
 * @returns One result, or one for each of the epsilons; the caller disposes of `adversarial`.
 * @throws ArgumentError for bad arguments and for a classifier that returns probabilities.
 * @example
 * const {distance, success} = await deepFool(toClassifier(model), x, labels, {norm: 'linf'});
 */
export const deepFool = defineMinimumAttack<DeepFoolOptions, ResolvedDeepFool>({
  name: 'deepFool',
  norms: ['l2', 'linf'],
  options: ['steps', 'candidates', 'overshoot'],
  attacks: 'standing',
  usesGradients: true,
  canTarget: false,
  resolve: resolveDeepFool,
  run: runDeepFool,
});

/** Checks steps, candidates and overshoot. */
export function resolveDeepFool(
  caller: string,
  {steps = 50, candidates = 9, overshoot = 0.02}: DeepFoolOptions,
): ResolvedDeepFool {
  checkCount(caller, 'steps', steps);
  checkCount(caller, 'candidates', candidates);
  const ok = isFiniteNumber(overshoot) && overshoot >= 0;
  check(ok, caller, 'overshoot', 'to be a finite number >= 0', overshoot);
  return {steps, candidates, overshoot};
}

/** Walks all examples of a search across their boundaries; the labels are true classes. */
export async function runDeepFool(
  search: Search,
  {steps, candidates, overshoot}: ResolvedDeepFool,
): Promise<Tensor> {
  const start = await survey(search);
  const rivals = start.rivals.map(row => row.slice(0, candidates));
  const rows = start.origins.map(row => row.slice());
  const totals = start.origins.map(row => new Float64Array(row.length));
  const walkers = new Walkers(search, start, rows);
  try {
    for (let step = 0; step < steps && walkers.size > 0; step++) {
      const {logits, boundaries, health} = await walkers.outlook(rivals);
      walkers.part.noteGradients(health, step === 0);
      // Values that bounds hold back make the way to the boundary shorter by a share only in each step.
      const isLate = step >= steps / 2;
      const goesOn = boundaries.map((around, i) => {
        const place = walkers.places[i];
        const [nearest] = isLate
          ? nearestFirst(around.map(boundary => freeOf(boundary, rows[place], search.task)))
          : around;
        if (!nearest || walkers.isAcross(i, logits[i])) return false;
        const due = walkers.leeway(i, logits[i]);
        advance(totals[place], rows[place], start.origins[place], nearest, due, overshoot, search.task);
        return true;
      });
      walkers.stayWhere(goesOn);
      await search.task.step(walkers.size);
    }
    return rowsAsTensor(rows, search.x.shape);
  } finally {
    walkers.dispose();
  }
}

type Space = Pick<Task, 'norm' | 'bounds'>;

/** A boundary as it looks to the values that are free to move to it: those at their bounds are not. */
function freeOf({gap, slope}: Boundary, row: Float32Array, {norm, bounds: [low, high]}: Space): Boundary {
  const free = slope.map((value, j) => ((value > 0 ? row[j] <= low : row[j] >= high) ? 0 : value));
  return boundaryOf(gap, free, norm);
}

/** Adds the shortest step to the boundary, and a hair more, for on it the class may not have changed. */
function advance(
  total: Float64Array,
  row: Float32Array,
  x: Float32Array,
  {gap, slope, steepness}: Boundary,
  due: number,
  overshoot: number,
  {norm, bounds}: Space,
): void {
  const length = (Math.abs(gap) + 2 * due) / steepness;
  const beyond = 1 + overshoot;
  for (let j = 0; j < total.length; j++)
    total[j] -= length * (norm === 'l2' ? slope[j] / steepness : Math.sign(slope[j]));
  moveTo(row, bounds, j => x[j] + beyond * total[j]);
}
