import type {AttackLoss, CommonAttackOptions} from './attack_types.js';
import {resolveLosses} from './attack_options.js';
import {defineAttack} from './define_attack.js';
import {climb} from './gradient_attack.js';
import {worstCase} from './variants.js';

/** Options of `fgsm`. */
export interface FgsmOptions extends CommonAttackOptions {
  /** What is climbed; of several, those after the first are tried on the examples that still stand. Default 'crossEntropy'. */
  loss?: AttackLoss | AttackLoss[];
}

/**
 * Attacks with one step, the fast gradient sign method (Goodfellow, Shlens and Szegedy 2015).
 *
 *     linf: x + epsilon sign(g),   l2: x + epsilon g / ||g||_2,   l1: epsilon on the values with the largest slopes
 *
 * where g is the gradient of the loss at x, clipped to the bounds. Every example is attacked, those that are wrong
 * already included, as in the papers; a larger epsilon may leave an example right that a smaller one does not.
 *
 * @param classifier From x to logits; see `toClassifier`.
 * @param x [examples, ...], float32, inside the bounds.
 * @param labels True classes (targets, where targeted): one-hot [examples, classes] or indices [examples].
 * @param options `epsilon` or `epsilons`, in units of x, and FgsmOptions.
 * @returns One result, or one for each of the epsilons; the caller disposes of `adversarial`.
 * @throws ArgumentError for bad arguments and for a classifier that returns probabilities.
 * @example
 * const {success, adversarial} = await fgsm(toClassifier(model), x, labels, {epsilon: 0.1});
 */
export const fgsm = defineAttack<FgsmOptions, AttackLoss[]>({
  name: 'fgsm',
  norms: ['linf', 'l2', 'l1'],
  options: ['loss'],
  attacks: 'all',
  usesGradients: true,
  resolve: (caller, {loss = 'crossEntropy'}, classifier) => resolveLosses(caller, loss, classifier),
  run: (search, losses) =>
    worstCase(search, losses, (part, loss) =>
      climb(part, {loss, steps: 1, stepSize: part.task.epsilon, start: part.x.clone(), leavesEarly: false}),
    ),
});
