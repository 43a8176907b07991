import {engine, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import {ArgumentError, check} from '../checks.js';
import type {ResolvedOptions} from '../types.js';
import {withConstantStatistics} from './batch_statistics.js';
import {checkSound, exactWalk} from './exact_walk.js';
import {foldedWalk} from './folded_walk.js';
import {isTapeLive, withoutTape} from './live_tape.js';
import type {Refuse} from './unproven_ops.js';

/** How a walk is made: which gradient is wanted, and whether it goes through the statistics of batches. */
export type WalkOptions = Pick<ResolvedOptions, 'gradient' | 'batchStatistics'>;

/**
 * Walks from the scores back to all activations at once, on the forward pass that is already on the live tape: the
 * gradient of sum_i direction_i f_i for each example, and no gradient of any weight. The walk goes no further than to
 * the earliest activation; through dense layers alone it is one for all directions, else one for each.
 *
 * @param scores f, [batch, classes].
 * @param activations Tensors on the way to the scores, or the scores themselves, each [batch, ...].
 * @param directions Constants [batch, classes].
 * @param options gradient 'firstOrder': constants, nothing is taped; 'exact': on the tape, to be differentiated
 *     again. batchStatistics 'constant': an example's scores depend on no other example.
 * @returns The gradients at each activation, direction after direction, in one or more tensors [rows, ...], whose rows
 *     are directions x batch in all.
 * @throws ArgumentError when no tape is live, when an activation does not lead to the scores, for an operation that
 *     tfjs differentiates wrongly, and in exact mode for one whose second derivative cannot be trusted.
 */
export function gapGradients(
  caller: string,
  scores: Tensor2D,
  activations: Record<string, Tensor>,
  directions: Tensor2D[],
  {gradient, batchStatistics}: WalkOptions,
): Record<string, Tensor[]> {
  checkTapeLive(caller);
  const [names, xs] = [Object.keys(activations), Object.values(activations)];
  const within = batchStatistics === 'constant' ? withConstantStatistics : <T>(walk: () => T) => walk();
  const walk = () => {
    const folded = foldedWalk(scores, xs, directions);
    const walks = folded
      ? [folded]
      : directions.map(direction => within(() => gradientsAt(caller, scores, activations, direction)));
    return Object.fromEntries(names.map((name, i) => [name, walks.map(gradients => gradients[i])]));
  };
  if (gradient === 'exact') return exactWalk(scores, xs, walk, refusal(caller, 'exact'));
  checkSound(scores, xs, refusal(caller, 'firstOrder'));
  return withoutTape(walk);
}

function refusal(caller: string, gradient: WalkOptions['gradient']): Refuse {
  return (operation, why, notEvenOnce) => {
    const wanted = notEvenOnce ? 'of a net without' : "'firstOrder' for a net with";
    return new ArgumentError(caller, 'gradient', `${wanted} the operation ${operation}`, gradient, why);
  };
}

/** Throws unless a tape is live: without one no gradient can be had. */
export function checkTapeLive(caller: string): void {
  const wayOut = 'call it, and the model, inside tf.variableGrads(...) or optimizer.minimize(...)';
  check(isTapeLive(), caller, 'logits', 'to be computed on a live tape', 'no tape', wayOut);
}

function gradientsAt(
  caller: string,
  scores: Tensor2D,
  activations: Record<string, Tensor>,
  direction: Tensor2D,
): Tensor[] {
  const {grads} = engine().gradients(() => scores, Object.values(activations), direction, true);
  Object.keys(activations).forEach((name, i) => {
    const wanted = 'to lead from the input to the scores';
    const wayOut = 'take a layer on the way, or run the model on this tape';
    check(grads[i] != null, caller, 'layers', wanted, name, wayOut);
  });
  return grads;
}
