import type {Tensor} from '@tensorflow/tfjs-core';
import {dropPiecewiseConstant, faultyOps, unprovenOps} from './exact_kernels.js';
import {liveTape, nodesBetween, sortLiveTape, type TapeNode} from './live_tape.js';
import {mendTape} from './mended_nodes.js';
import {nameOf, throughUnproven, type Refuse} from './unproven_ops.js';

/**
 * Runs walks back from y to xs on the live tape, and leaves on it what is needed to differentiate their results
 * again, rightly.
 *
 * @throws What refuse makes for an operation without a second derivative that can be trusted.
 */
export function exactWalk<T>(y: Tensor, xs: Tensor[], walk: () => T, refuse: Refuse): T {
  const path = checkSound(y, xs, refuse);
  const before = liveTape().length;
  const result = throughUnproven(unprovenOps(path), walk, refuse);
  dropPiecewiseConstant(before);
  // A gradient may itself be made of operations that save their outputs.
  sortLiveTape();
  mendTape();
  return result;
}

/**
 * Mends what tfjs differentiates wrongly to first order already; throws where that cannot be done. Sorts the tape, for
 * a layer may have used a gradient itself: a walk through that is a second one.
 *
 * @returns The operations on the way, the last first.
 */
export function checkSound(y: Tensor, xs: Tensor[], refuse: Refuse): TapeNode[] {
  sortLiveTape();
  const path = nodesBetween(xs, y);
  for (const node of path) {
    if (!node.gradient) throw refuse(nameOf(node), 'tfjs has no gradient of it', true);
  }
  for (const node of faultyOps(path)) throw refuse(nameOf(node), "tfjs's gradient of it is wrong", true);
  mendTape();
  return path;
}
