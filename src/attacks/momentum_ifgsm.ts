import {check, isFiniteNumber} from '../checks.js';
import {defineAttack} from './define_attack.js';
import {resolveIfgsm, runIfgsm, type IfgsmOptions, type ResolvedIfgsm} from './ifgsm.js';

/** Options of `momentumIfgsm`. */
export interface MomentumIfgsmOptions extends IfgsmOptions {
  /** The share of the last direction that the next one keeps, >= 0. Default 1. */
  decay?: number;
}

/**
 * Attacks with many small steps that keep their direction, the momentum iterative method (Dong et al. 2018): weaker
 * than `pgd` against the net itself, stronger when its examples are carried over to another (`transfer`).
 *
 *     m_0 = 0,   m_(n+1) = decay m_n + g_n / ||g_n||_1,   x_(n+1) = clip(x_n + stepSize sign(m_(n+1)))
 *
 * @param classifier From x to logits; see `toClassifier`.
 * @param x [examples, ...], float32, inside the bounds.
 * @param labels True classes (targets, where targeted): one-hot [examples, classes] or indices [examples].
 * @param options `epsilon` or `epsilons`, in units of x, and MomentumIfgsmOptions.
 * @returns One result, or one for each of the epsilons; the caller disposes of `adversarial`.
 * @throws ArgumentError for bad arguments and for a classifier that returns probabilities.
 */
export const momentumIfgsm = defineAttack<MomentumIfgsmOptions, ResolvedIfgsm>({
  name: 'momentumIfgsm',
  norms: ['linf', 'l2', 'l1'],
  options: ['loss', 'steps', 'stepSize', 'decay'],
  attacks: 'all',
  usesGradients: true,
  resolve(caller, {decay = 1, ...options}, classifier) {
    const ok = isFiniteNumber(decay) && decay >= 0;
    check(ok, caller, 'decay', 'to be a finite number >= 0', decay);
    return {...resolveIfgsm(caller, options, classifier), decay};
  },
  run: runIfgsm,
});
