import {check, isFiniteNumber} from '../checks.js';
import type {AttackLoss, CommonAttackOptions} from './attack_types.js';
import {checkCount, resolveLosses} from './attack_options.js';
import {defineAttack} from './define_attack.js';
import {climb} from './gradient_attack.js';
import {worstCase} from './variants.js';

/** Options of `ifgsm`. */
export interface IfgsmOptions extends CommonAttackOptions {
  /** What is climbed; of several, those after the first are tried on the examples that still stand. Default 'crossEntropy'. */
  loss?: AttackLoss | AttackLoss[];
  /** Number of steps. Default 10. */
  steps?: number;
  /** Length of a step in the norm, in units of x. Default epsilon / steps. */
  stepSize?: number;
}

/** What `ifgsm` and its variant with momentum climb with. */
export interface ResolvedIfgsm {
  losses: AttackLoss[];
  steps: number;
  stepSize?: number;
  decay?: number;
}

/**
 * Attacks with many small steps, the iterative fast gradient sign method or basic iterative method (Kurakin,
 * Goodfellow and Bengio 2017): the attack of the paper's figures 3 and 5.
 *
 *     x_0 = x,   x_(n+1) = clip(x_n + stepSize sign(g_n)) to the ball around x and to the bounds
 *
 * In l2 and l1 the steps are those of `fgsm`. All steps are made for every example, those that are wrong already
 * included, as in the papers. It starts at x: where the gradient is 0 there, it goes nowhere (see `pgd`).
 *
 * @param classifier From x to logits; see `toClassifier`.
 * @param x [examples, ...], float32, inside the bounds.
 * @param labels True classes (targets, where targeted): one-hot [examples, classes] or indices [examples].
 * @param options `epsilon` or `epsilons`, in units of x, and IfgsmOptions.
 * @returns One result, or one for each of the epsilons; the caller disposes of `adversarial`.
 * @throws ArgumentError for bad arguments and for a classifier that returns probabilities.
 */
export const ifgsm = defineAttack<IfgsmOptions, ResolvedIfgsm>({
  name: 'ifgsm',
  norms: ['linf', 'l2', 'l1'],
  options: ['loss', 'steps', 'stepSize'],
  attacks: 'all',
  usesGradients: true,
  resolve: resolveIfgsm,
  run: runIfgsm,
});

/** Checks loss, steps and stepSize. */
export function resolveIfgsm(
  caller: string,
  {loss = 'crossEntropy', steps = 10, stepSize}: IfgsmOptions,
  classifier: Parameters<typeof resolveLosses>[2],
): ResolvedIfgsm {
  checkCount(caller, 'steps', steps);
  checkStepSize(caller, stepSize);
  return {losses: resolveLosses(caller, loss, classifier), steps, stepSize};
}

/** Checks the length of a step, where one is given. */
export function checkStepSize(caller: string, stepSize: number | undefined): void {
  const ok = stepSize === undefined || (isFiniteNumber(stepSize) && stepSize > 0);
  check(ok, caller, 'stepSize', 'to be a finite number > 0', stepSize, 'or leave it out');
}

/** All steps for all examples, loss by loss. */
export function runIfgsm(
  search: Parameters<typeof climb>[0],
  {losses, steps, stepSize, decay}: ResolvedIfgsm,
): ReturnType<typeof climb> {
  const size = stepSize ?? search.task.epsilon / steps;
  return worstCase(search, losses, (part, loss) =>
    climb(part, {loss, steps, stepSize: size, decay, start: part.x.clone(), leavesEarly: false}),
  );
}
