import {add, reshape, tidy, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import {checkCount, checkSeed, resolveLosses} from './attack_options.js';
import type {AttackLoss, CommonAttackOptions} from './attack_types.js';
import {asRows, balls, drawInBall} from './balls.js';
import {defineAttack} from './define_attack.js';
import {climb} from './gradient_attack.js';
import {checkStepSize} from './ifgsm.js';
import type {Search} from './search.js';
import {worstCase} from './variants.js';

/** Options of `pgd`. */
export interface PgdOptions extends CommonAttackOptions {
  /**
   * What is climbed. Default ['crossEntropy', 'logitMargin']: the first is the stronger where it can be trusted, the
   * second does not fade when the logits are large. Every restart of one comes before the next.
   */
  loss?: AttackLoss | AttackLoss[];
  /** Number of steps of each restart. Default 40. */
  steps?: number;
  /** Length of a step in the norm, in units of x. Default 2.5 epsilon / steps. */
  stepSize?: number;
  /** Number of random starts for each loss. Default 1. */
  restarts?: number;
  /** Seed of the starts, an integer. An example's starts depend on it and on its place only. Default 0. */
  seed?: number;
}

interface ResolvedPgd {
  variants: Array<{loss: AttackLoss; restart: number}>;
  steps: number;
  stepSize?: number;
  seed: number;
}

/**
 * Attacks by projected gradient ascent from random starts (Madry et al. 2018), and gives each example's worst case over
 * losses and restarts; examples are done with as soon as their class is wrong.
 *
 *     x_0 uniform in the ball,   x_(n+1) = project(x_n + stepSize steepest(g_n))
 *
 * `steepest` is sign(g) in linf, g / ||g||_2 in l2, and in l1 the signs of the 1 % of values with the largest slopes that
 * are free to move (Tramer and Boneh 2019).
 *
 * @param classifier From x to logits; see `toClassifier`.
 * @param x [examples, ...], float32, inside the bounds.
 * @param labels True classes (targets, where targeted): one-hot [examples, classes] or indices [examples].
 * @param options `epsilon` or `epsilons`, in units of x, and PgdOptions.
 * @returns One result, or one for each of the epsilons; the caller disposes of `adversarial`.
 * @throws ArgumentError for bad arguments and for a classifier that returns probabilities.
 * @example
 * const results = await pgd(toClassifier(model), x, labels, {epsilons: [0.1, 0.2], restarts: 5});
 */
export const pgd = defineAttack<PgdOptions, ResolvedPgd>({
  name: 'pgd',
  norms: ['linf', 'l2', 'l1'],
  options: ['loss', 'steps', 'stepSize', 'restarts', 'seed'],
  attacks: 'standing',
  usesGradients: true,
  resolve(
    caller,
    {loss = ['crossEntropy', 'logitMargin'], steps = 40, stepSize, restarts = 1, seed = 0},
    classifier,
  ) {
    checkCount(caller, 'steps', steps);
    checkCount(caller, 'restarts', restarts);
    checkStepSize(caller, stepSize);
    checkSeed(caller, seed);
    const losses = resolveLosses(caller, loss, classifier);
    const each = Array.from({length: restarts}, (_, restart) => restart);
    return {variants: losses.flatMap(loss => each.map(restart => ({loss, restart}))), steps, stepSize, seed};
  },
  run: (search, {variants, steps, stepSize, seed}) =>
    worstCase(search, variants, (part, {loss, restart}) => {
      const start = randomStart(part, seed, restart);
      const size = stepSize ?? (2.5 * part.task.epsilon) / steps;
      return climb(part, {loss, steps, stepSize: size, start, leavesEarly: true});
    }),
});

/** A point of each example's ball, drawn uniformly and clipped to the bounds; the same in whatever batch it is. */
export function randomStart(search: Search, seed: number, restart: number): Tensor {
  const {norm, epsilon, bounds} = search.task;
  const {x} = search;
  return tidy(() => {
    const drawn = drawInBall(norm, x.shape, epsilon, search.streams(seed, restart));
    const inBall = balls[norm].project(asRows(x), asRows(add(x, drawn)) as Tensor2D, epsilon, bounds);
    return reshape(inBall, x.shape);
  });
}
