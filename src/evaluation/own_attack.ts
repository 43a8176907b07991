import {dispose, keep, tensor, Tensor} from '@tensorflow/tfjs-core';
import type {AttackResult, GradientHealth} from '../attacks/attack_types.js';
import {clipExactly} from '../attacks/exact_clip.js';
import {strongest} from '../attacks/search.js';
import {check} from '../checks.js';
import {readAllLogits} from './all_logits.js';
import type {PlannedAttack} from './attack_list.js';
import type {Subject} from './subject.js';

/**
 * Runs an attack of the caller's, which gets copies, and believes it nothing but where its inputs are and what its
 * gradients were like: they are clipped to the ball and the bounds, and judged, as those of this package are.
 *
 * @param options All that the attack is called with.
 * @throws ArgumentError naming the attack for what is no result of one; its tensors are disposed of.
 */
export async function runOwnAttack(
  subject: Subject,
  {name, attack}: Pick<PlannedAttack, 'name' | 'attack'>,
  options: object,
  epsilon?: number,
): Promise<AttackResult> {
  const {caller, classifier, x, labels} = subject;
  const copy = keep(x.clone());
  let found: unknown;
  try {
    found = await attack(classifier, copy, labels.slice(), options as never);
    checkFound(caller, epsilon === undefined ? 'minimum' : 'attacks', name, found, x);
    return await judgedAnew(subject, found, epsilon);
  } finally {
    const results = [found].flat() as Array<Partial<AttackResult> | undefined>;
    dispose([copy, ...results.map(result => result?.adversarial).filter(isTensor)]);
  }
}

const HEALTH: GradientHealth[] = ['sound', 'zero', 'nan', 'infinite'];

/** Checks that this is the result of one attack on all examples of x. */
function checkFound(
  caller: string,
  argument: string,
  name: string,
  found: unknown,
  x: Tensor,
): asserts found is AttackResult {
  const refuse = (ok: boolean, expected: string, got: unknown) =>
    check(ok, caller, argument, `of which '${name}' gives ${expected}`, got);
  const isOne = found !== null && typeof found === 'object' && !Array.isArray(found);
  refuse(isOne, 'one result, an object', Array.isArray(found) ? 'a list' : found);
  const {adversarial, success, broken, distance, gradients} = found as Partial<AttackResult>;
  const isAlive = isTensor(adversarial) && !adversarial.isDisposed;
  refuse(isAlive, 'adversarial as a live tensor', isTensor(adversarial) ? 'a disposed one' : adversarial);
  const {shape, dtype} = adversarial as Tensor;
  const isLikeX = dtype === 'float32' && String(shape) === String(x.shape);
  refuse(isLikeX, `adversarial as float32 [${x.shape}]`, `${dtype} [${shape}]`);
  const size = x.shape[0];
  const areFlags = (list: unknown) => Array.isArray(list) && list.every(flag => typeof flag === 'boolean');
  refuse(areFlags(success) && success!.length === size, `success as ${size} times true or false`, success);
  refuse(areFlags(broken) && broken!.length === size, `broken as ${size} times true or false`, broken);
  refuse(distance?.length === size, `${size} distances`, distance);
  const areStates =
    gradients === undefined ||
    (gradients.length === size && gradients.every(state => HEALTH.includes(state)));
  refuse(areStates, `gradients, if it uses some, as ${size} of ${HEALTH.join(', ')}`, gradients);
}

async function judgedAnew(
  subject: Subject,
  {adversarial: found, gradients}: AttackResult,
  epsilon?: number,
): Promise<AttackResult> {
  const {classifier, x, labels, norm, bounds} = subject;
  const from = (await x.data()) as Float32Array;
  const values = Float32Array.from(await found.data());
  const size = values.length / labels.length;
  const rowOf = (all: Float32Array, i: number, width: number) => all.subarray(i * width, (i + 1) * width);
  const distance = Float64Array.from(labels, (_, i) =>
    clipExactly(rowOf(values, i, size), rowOf(from, i, size), norm, epsilon ?? Infinity, bounds),
  );
  const adversarial = keep(tensor(values, x.shape, 'float32'));
  try {
    const before = await readAllLogits(subject, classifier);
    const after = await readAllLogits({...subject, x: adversarial}, classifier);
    const {classes} = before;
    const isFinite = (logits: Float32Array, i: number) => rowOf(logits, i, classes).every(Number.isFinite);
    const broken = Array.from(labels, (_, i) => !isFinite(before.logits, i) || !isFinite(after.logits, i));
    const success = broken.map(
      (isBroken, i) => !isBroken && strongest(rowOf(after.logits, i, classes)) !== labels[i],
    );
    return {epsilon, adversarial, success, broken, distance, ...(gradients && {gradients})};
  } catch (error) {
    adversarial.dispose();
    throw error;
  }
}

function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor;
}
