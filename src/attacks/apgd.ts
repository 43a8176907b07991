import {add, reshape, tensor, tidy, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import {check} from '../checks.js';
import type {Classifier} from '../types.js';
import {climbAdaptively} from './apgd_climb.js';
import {apgdSlope} from './apgd_slope.js';
import {checkCount, checkSeed, resolveLosses} from './attack_options.js';
import type {AttackLoss, CommonAttackOptions} from './attack_types.js';
import {asRows, balls} from './balls.js';
import {defineAttack} from './define_attack.js';
import {distanceBetween} from './exact_clip.js';
import type {Search} from './search.js';
import {strongestRivals} from './targets.js';
import {worstCase} from './variants.js';

/** Options of `apgd`. */
export interface ApgdOptions extends CommonAttackOptions {
  /**
   * What is climbed; of several, those after the first are tried on the examples that still stand. Default
   * ['crossEntropy', 'logitMargin'], with targets 'dlr'.
   */
  loss?: AttackLoss | AttackLoss[];
  /** Number of steps of each restart. Default 100. */
  steps?: number;
  /** Number of random starts for each loss and target. Default 1. */
  restarts?: number;
  /**
   * Leads each example to so many rival classes, one after the other: those with the largest logits at x (APGD-T; 9 in
   * AutoAttack). It still succeeds with any wrong class. Default 0: away from its own class.
   */
  targets?: number;
  /** Seed of the starts, an integer. An example's starts depend on it and on its place only. Default 0. */
  seed?: number;
}

/** What `apgd` runs with. */
export interface ResolvedApgd {
  losses: AttackLoss[];
  steps: number;
  restarts: number;
  targets: number;
  seed: number;
}

/**
 * Attacks by projected gradient ascent with momentum that chooses its step sizes itself (APGD, Croce and Hein 2020,
 * "Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free attacks", algorithm 1).
 *
 *     z_(n+1) = project(x_n + s_n steepest(g_n)),   x_(n+1) = project(x_n + 0.75 (z_(n+1) - x_n) + 0.25 (x_n - x_(n-1)))
 *
 * s_0 = 2 epsilon, halved at checkpoints where the loss does not rise enough; the climb then goes on from its best point.
 * It starts on the surface of the ball. With `targets`, 'dlr' is the loss of equation (7), for four classes or more.
 *
 * @param classifier From x to logits; see `toClassifier`.
 * @param x [examples, ...], float32, inside the bounds.
 * @param labels True classes (targets, where targeted): one-hot [examples, classes] or indices [examples].
 * @param options `epsilon` or `epsilons`, in units of x, and ApgdOptions.
 * @returns One result, or one for each of the epsilons; the caller disposes of `adversarial`.
 * @throws ArgumentError for bad arguments, for a classifier that returns probabilities, and for 'dlr' with too few classes.
 * @example
 * const result = await apgd(toClassifier(model), x, labels, {epsilon: 8 / 255, loss: ['crossEntropy', 'dlr']});
 */
export const apgd = defineAttack<ApgdOptions, ResolvedApgd>({
  name: 'apgd',
  norms: ['linf', 'l2'],
  options: ['loss', 'steps', 'restarts', 'targets', 'seed'],
  attacks: 'standing',
  usesGradients: true,
  resolve: resolveApgd,
  run: runApgd,
});

/** Checks the options of `apgd`. */
export function resolveApgd(
  caller: string,
  {loss, steps = 100, restarts = 1, targets = 0, seed = 0, targeted = false}: ApgdOptions,
  classifier: Classifier,
): ResolvedApgd {
  checkCount(caller, 'steps', steps);
  checkCount(caller, 'restarts', restarts);
  checkCount(caller, 'targets', targets, 0);
  const wayOut = 'leave one of them out';
  check(
    !targeted || targets === 0,
    caller,
    'targets',
    'to be 0 where the attack is targeted',
    targets,
    wayOut,
  );
  checkSeed(caller, seed);
  const standard: AttackLoss[] = targets === 0 ? ['crossEntropy', 'logitMargin'] : ['dlr'];
  return {losses: resolveLosses(caller, loss ?? standard, classifier), steps, restarts, targets, seed};
}

/** All losses, restarts and targets, one after the other, each on the examples that still stand. */
export async function runApgd(
  search: Search,
  {losses, steps, restarts, targets, seed}: ResolvedApgd,
): Promise<Tensor> {
  checkSpread(search, losses, targets);
  const rivals = targets === 0 ? undefined : await strongestRivals(search, targets);
  const ranks = rivals ? [...Array(targets).keys()] : [undefined];
  const starts = [...Array(restarts).keys()].flatMap(restart => ranks.map(rank => ({restart, rank})));
  const variants = losses.flatMap(loss => starts.map((start, k) => ({loss, ...start, k})));
  return worstCase(search, variants, (part, {loss, rank, k}) => {
    const targetsOf = ({examples}: Search) =>
      rank === undefined ? undefined : Int32Array.from(examples, example => rivals!.get(example)![rank]);
    const look = (at: Search, x: Tensor) => apgdSlope(at, x, loss, targetsOf(at));
    return climbAdaptively(part, {look, steps, start: startOnSurface(part, seed, k)});
  });
}

/** The targeted DLR divides by the distance of the largest logit from the third and fourth. */
function checkSpread({task}: Search, losses: AttackLoss[], targets: number): void {
  const ok = targets === 0 || !losses.includes('dlr') || task.classes >= 4;
  const expected = `other than 'dlr' with targets for a net of ${task.classes} classes`;
  check(ok, task.caller, 'loss', expected, 'dlr', "take 'logitMargin': it does as well with few classes");
}

/** A point on the surface of each example's ball, clipped to the bounds; the same in whatever batch it is. */
function startOnSurface(search: Search, seed: number, restart: number): Tensor {
  const {x} = search;
  const {norm, epsilon, bounds} = search.task;
  const rows = new Float32Array(x.size);
  const size = x.size / search.size;
  search.streams(seed, restart).forEach((random, i) => {
    const row = rows.subarray(i * size, (i + 1) * size);
    balls[norm].draw(row, random);
    const length = distanceBetween(row, new Float32Array(size), norm);
    row.forEach((value, j) => (row[j] = length > 0 ? (value / length) * epsilon : 0));
  });
  return tidy(() => {
    const from = asRows(x);
    const moved = add(from, tensor(rows, from.shape)) as Tensor2D;
    return reshape(balls[norm].project(from, moved, epsilon, bounds), x.shape);
  });
}
