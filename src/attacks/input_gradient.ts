import {
  abs,
  clone,
  concat,
  fill,
  grad,
  keep,
  mul,
  reshape,
  sum,
  tensor,
  tidy,
  where,
  zerosLike,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import {ArgumentError, check} from '../checks.js';
import {checkSound} from '../distance/exact_walk.js';
import {onLiveTape, withoutTape} from '../distance/live_tape.js';
import type {Refuse} from '../distance/unproven_ops.js';
import type {AttackLoss, GradientHealth} from './attack_types.js';
import {asRows} from './balls.js';
import {checkLogits, logitsOf, withinClassifier} from './logits.js';
import {objective, type Objective} from './objectives.js';
import type {Search} from './search.js';

/** What is climbed where it is none of the named losses: measures logits [batch, classes] by one-hot labels. */
export type Measure = (logits: Tensor2D, labels: Tensor2D) => Objective;

/** One look at the net, as an attack takes it at each step. */
export interface Slope {
  /** Gradient of each example's loss at its input, [size, ...]: 0 where NaN or Infinity was in it. */
  gradient: Tensor;
  /** What is climbed, one for each example. */
  values: Float32Array;
  /** [size x classes]. */
  logits: Float32Array;
  health: GradientHealth[];
}

/**
 * Runs the net once, forward and back to its input, at where an attack is now; no gradient of any weight is computed.
 * The gradient belongs to the caller.
 */
export async function inputGradient(search: Search, at: Tensor, loss: AttackLoss | Measure): Promise<Slope> {
  const {classes} = search.task;
  const {gradient, numbers} = tidy(() => {
    const look = () => onLiveTape(() => climbed(search, at, loss));
    const {gradient, values, logits} = withinClassifier(search.task.classifier, look);
    const sizes = sum(abs(asRows(gradient)), 1);
    // Read at once: on a gpu each reading waits for all the work before it.
    const columns = [logits, reshape(values, [-1, 1]), reshape(sizes, [-1, 1])];
    return {gradient: keep(gradient), numbers: concat(columns, 1)};
  });
  try {
    const read = (await numbers.data()) as Float32Array;
    const width = classes + 2;
    const column = (k: number) => Float32Array.from({length: search.size}, (_, i) => read[i * width + k]);
    const logits = new Float32Array(search.size * classes);
    for (let i = 0; i < search.size; i++)
      logits.set(read.subarray(i * width, i * width + classes), i * classes);
    const health = Array.from(column(classes + 1), healthOf);
    if (health.includes('infinite')) await admitOverflow(gradient, health);
    return {gradient: withoutBroken(gradient, health), values: column(classes), logits, health};
  } catch (error) {
    gradient.dispose();
    throw error;
  } finally {
    numbers.dispose();
  }
}

function climbed(search: Search, at: Tensor, loss: AttackLoss | Measure) {
  const {caller, classifier, classes, targeted} = search.task;
  const labels = withoutTape(() => search.oneHot());
  if (loss === 'own') {
    const {logits, losses} = classifier.ownLoss!(at, labels);
    checkLogits(caller, logits, at.shape[0], classes);
    const signs = withoutTape(() => fill([at.shape[0]], targeted ? -1 : 1));
    const values = withoutTape(() => mul(losses, signs));
    return {gradient: walkBack(caller, losses, at, signs), values, logits};
  }
  const logits = logitsOf(caller, classifier, at, classes);
  const {values, slopes} = withoutTape(() =>
    typeof loss === 'function' ? loss(logits, labels) : objective(loss, logits, labels, targeted),
  );
  return {gradient: walkBack(caller, logits, at, slopes), values, logits};
}

/** Goes back from y to x with the slopes dy at y, on the tape that y was computed on; nothing is recorded. */
function walkBack(caller: string, y: Tensor, x: Tensor, dy: Tensor): Tensor {
  const end = checkWayBack(caller, y, x);
  return withoutTape(() => grad(() => end)(x, dy));
}

/**
 * Checks that what a classifier made can be differentiated with respect to its input, on the tape that it was made on.
 *
 * @returns Where a walk back begins.
 * @throws ArgumentError for an operation that tfjs differentiates wrongly or not at all, and where no way leads to x.
 */
export function checkWayBack<T extends Tensor>(caller: string, y: T, x: Tensor): T {
  const refuse: Refuse = (operation, why) =>
    new ArgumentError(caller, 'classifier', 'to be made of what tfjs can differentiate', operation, why);
  // A classifier may return x itself.
  const end = y.id === x.id ? clone(y) : y;
  const path = checkSound(end, [x], refuse);
  const wayOut = 'compute the logits from x with operations of tfjs, reading no numbers';
  check(path.length > 0, caller, 'classifier', 'to compute its result from x', 'one that does not', wayOut);
  return end;
}

/** What the sum of a gradient's sizes says of it. */
function healthOf(sum: number): GradientHealth {
  if (Number.isNaN(sum)) return 'nan';
  return sum === 0 ? 'zero' : sum === Infinity ? 'infinite' : 'sound';
}

/** Sizes that are finite, each of them, may add up to more than float32 holds: such a gradient is sound. */
async function admitOverflow(gradient: Tensor, health: GradientHealth[]): Promise<void> {
  const values = await gradient.data();
  const size = values.length / health.length;
  health.forEach((state, i) => {
    const isFinite = state === 'infinite' && values.slice(i * size, (i + 1) * size).every(Number.isFinite);
    if (isFinite) health[i] = 'sound';
  });
}

/** Puts 0 for the gradients that are no direction; takes over the tensor. */
function withoutBroken(gradient: Tensor, health: GradientHealth[]): Tensor {
  if (!health.some(state => state === 'nan' || state === 'infinite')) return gradient;
  const isUsable = health.map(state => state === 'sound' || state === 'zero');
  const clean = tidy(() => {
    const shape = [gradient.shape[0], ...gradient.shape.slice(1).map(() => 1)];
    const usable = tensor(isUsable, shape, 'bool');
    return keep(where(usable, gradient, zerosLike(gradient)));
  });
  gradient.dispose();
  return clean;
}
