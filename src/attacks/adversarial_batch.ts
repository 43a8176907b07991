import {keep, Tensor} from '@tensorflow/tfjs-core';
import {check, isFiniteNumber} from '../checks.js';
import {RandomStream, stepSeed} from '../random.js';
import type {Classifier} from '../types.js';
import {checkCount, checkSeed} from './attack_options.js';
import type {Attack, AttackResult, CommonAttackOptions, Labels, OneEpsilon} from './attack_types.js';
import {readLogits} from './logits.js';
import {replaceRows, takeRows} from './rows.js';
import {strongest} from './search.js';

/** How adversarial examples are mixed into a batch. */
export interface MixingOptions {
  /** The share of a batch that is replaced, in (0, 1]; what is left over of a count is rounded at random. Default 0.5. */
  share?: number;
  /** Radius in units of x, or [least, largest]: then each batch has one of its own, drawn uniformly. */
  epsilon: number | [number, number];
  /**
   * What the attack leads away from: 'true' labels (default), or those that the net 'predicted', so that a one-step
   * attack cannot tell the label through its sign (Kurakin, Goodfellow and Bengio 2017).
   */
  labels?: 'true' | 'predicted';
  /** Seed of what is replaced, of drawn radii and of the attack's own random numbers, an integer. Default 0. */
  seed?: number;
}

/** MixingOptions, the attack, and the options of its own. */
export type AdversarialOptions<Own extends CommonAttackOptions = CommonAttackOptions> = MixingOptions & {
  /** `fgsm`, `pgd`, ...: the function itself. */
  attack: Attack<Own>;
} & Omit<Own, keyof MixingOptions | 'targeted'>;

/** AdversarialOptions with nothing left to default. */
export interface Mixing extends Required<Omit<MixingOptions, 'epsilon'>> {
  epsilon: [number, number];
  run(
    classifier: Classifier,
    x: Tensor,
    labels: Labels,
    epsilon: number,
    seed: number,
  ): Promise<AttackResult>;
}

/**
 * Replaces a random share of a batch by adversarial examples of the net as it is now, for a training step of one's own
 * (Goodfellow et al. 2015; Kurakin et al. 2017: a share; Madry et al. 2018: share 1 and `pgd`).
 *
 * The net runs at inference: batch norm uses its averages. Examples whose logits are NaN or Infinity pass into the
 * batch, where the training step sees them.
 *
 * @param classifier From x to logits: `toClassifier(model)`, which reads the live weights.
 * @param x [batch, ...], float32, inside the bounds; stays as it is.
 * @param labels One-hot [batch, classes] or class indices [batch]; of any form where labels are 'predicted'.
 * @param options AdversarialOptions, and `step` (default 0): a number of its own for each batch draws anew.
 * @returns [batch, ...], the other examples unchanged and in their places; the caller disposes of it.
 * @throws ArgumentError for bad arguments, and for gradients that are NaN or Infinity where the logits are finite.
 * @example
 * const mixed = await adversarialBatch(classifier, x, y, {attack: fgsm, epsilon: 0.1, step});
 * await model.trainOnBatch(mixed, y);
 */
export async function adversarialBatch<Own extends CommonAttackOptions>(
  classifier: Classifier,
  x: Tensor,
  labels: Tensor,
  options: AdversarialOptions<Own> & {step?: number},
): Promise<Tensor> {
  const caller = 'adversarialBatch';
  const {step = 0, ...rest} = options ?? {};
  const mixing = resolveMixing(caller, rest as unknown as AdversarialOptions);
  checkCount(caller, 'step', step, 0);
  return mixBatch(caller, classifier, x, labels, mixing, step);
}

/** Checks what adversarial training takes; the attack checks its own options when it is first run. */
export function resolveMixing(caller: string, options: AdversarialOptions): Mixing {
  const isObject = options !== null && typeof options === 'object';
  check(isObject, caller, 'options', 'to be an object with attack and epsilon', options);
  const {attack, share = 0.5, epsilon, labels = 'true', seed = 0, ...own} = options;
  const isAttack = typeof attack === 'function';
  check(isAttack, caller, 'attack', 'to be a function, as fgsm', attack);
  const isShare = isFiniteNumber(share) && share > 0 && share <= 1;
  check(isShare, caller, 'share', 'to be in (0, 1]', share);
  const range = Array.isArray(epsilon) ? [...epsilon] : [epsilon, epsilon];
  const isRange = range.length === 2 && range.every(value => isFiniteNumber(value) && value >= 0);
  const isUp = isRange && range[0] <= range[1];
  check(isUp, caller, 'epsilon', 'to be a finite number >= 0, or [least, largest]', epsilon);
  const isKnown = labels === 'true' || labels === 'predicted';
  check(isKnown, caller, 'labels', "to be 'true' or 'predicted'", labels);
  checkSeed(caller, seed);
  for (const key of ['targeted', 'epsilons'] as const) {
    const value = (own as Record<string, unknown>)[key];
    check(value === undefined, caller, key, 'to be left out', value);
  }
  const run: Mixing['run'] = (classifier, x, y, radius, drawn) => {
    // One batch, unless its size is asked for.
    const common = {batchSize: x.shape[0], ...own, epsilon: radius};
    const given: CommonAttackOptions & OneEpsilon = attack.takesSeed ? {...common, ...{seed: drawn}} : common;
    return attack(classifier, x, y, given);
  };
  return {share, epsilon: range as [number, number], labels, seed, run};
}

/** The same as `adversarialBatch` for another door; `step` decides together with the seed what is drawn. */
export async function mixBatch(
  caller: string,
  classifier: Classifier,
  x: Tensor,
  labels: Tensor,
  {share, epsilon: [least, largest], labels: away, seed, run}: Mixing,
  step: number,
): Promise<Tensor> {
  checkBatch(caller, x, labels);
  const size = x.shape[0];
  const random = new RandomStream(stepSeed(seed, step));
  const count = Math.min(size, Math.floor(share * size + random.next()));
  const radius = least + (largest - least) * random.next();
  const drawn = random.nextUint32();
  if (count === 0) return x.clone();
  const places = drawPlaces(size, count, random);
  const held: Tensor[] = [];
  const hold = (t: Tensor) => (held.push(keep(t)), t);
  try {
    // The caller may dispose of both before the attack is over.
    const [inputs, targets] = [hold(x.clone()), hold(takeRows(labels, places))];
    const attacked = hold(takeRows(inputs, places));
    const classes = away === 'true' ? targets : await predictedClasses(caller, classifier, attacked);
    const {adversarial, ...found} = await run(classifier, attacked, classes, radius, drawn);
    hold(adversarial);
    checkGradients(caller, found, places);
    return replaceRows(inputs, places, adversarial.clone());
  } finally {
    held.forEach(t => t.dispose());
  }
}

function checkBatch(caller: string, x: unknown, labels: unknown): asserts x is Tensor {
  const isBatch = x instanceof Tensor && !x.isDisposed && x.rank >= 2 && x.size > 0;
  check(isBatch, caller, 'x', 'to be a live tensor [batch, ...]', describe(x));
  const fit =
    labels instanceof Tensor && !labels.isDisposed && labels.rank > 0 && labels.shape[0] === x.shape[0];
  check(fit, caller, 'labels', `to be a live tensor of ${x.shape[0]} labels`, describe(labels));
}

/** Different places in ascending order (Floyd's draw, seeded). */
function drawPlaces(size: number, count: number, random: RandomStream): number[] {
  const chosen = new Set<number>();
  for (let last = size - count; last < size; last++) {
    const place = Math.floor(random.next() * (last + 1));
    chosen.add(chosen.has(place) ? last : place);
  }
  return [...chosen].sort((a, b) => a - b);
}

async function predictedClasses(caller: string, classifier: Classifier, x: Tensor): Promise<number[]> {
  const {logits, classes} = await readLogits(caller, classifier, x);
  const rowAt = (i: number) => logits.subarray(i * classes, (i + 1) * classes);
  return Array.from({length: x.shape[0]}, (_, i) => strongest(rowAt(i)));
}

/** An attack puts 0 for gradients that are no direction: nothing in the batch would tell of them. */
function checkGradients(
  caller: string,
  {gradients, broken}: Pick<AttackResult, 'gradients' | 'broken'>,
  places: number[],
): void {
  const isNone = (state: string, i: number) => (state === 'nan' || state === 'infinite') && !broken[i];
  const first = gradients?.findIndex(isNone) ?? -1;
  const wanted = 'to have finite gradients at x';
  check(first < 0, caller, 'classifier', wanted, `NaN or Infinity at example ${places[first]} of the batch`);
}

function describe(value: unknown): string {
  if (!(value instanceof Tensor)) return value === null ? 'null' : typeof value;
  return value.isDisposed ? 'a disposed tensor' : `a tensor [${value.shape}]`;
}
