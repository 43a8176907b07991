import {dispose, type Tensor} from '@tensorflow/tfjs-core';
import {check} from '../checks.js';
import type {Classifier} from '../types.js';
import {checkCount, checkTensors} from './attack_options.js';
import type {
  Attack,
  AttackResult,
  CommonAttackOptions,
  Labels,
  MinimumAttack,
  OneEpsilon,
  SeveralEpsilons,
} from './attack_types.js';
import {inTurn, whileHeld} from './in_turn.js';
import {checkWatch} from './known_options.js';
import {verdictsOf, worstOf, type Verdict} from './transfer_target.js';

const CALLER = 'transfer';

type Run = (
  from: Classifier,
  x: Tensor,
  labels: Labels,
  options: object,
) => Promise<AttackResult | AttackResult[]>;

/** Any attack of this package, itself: `ifgsm`, not its name. */
export type AnyAttack = Attack<never> | MinimumAttack<never>;

/** The options of an attack. */
export type OptionsOf<A> =
  A extends MinimumAttack<infer Own> ? Own : A extends Attack<infer Own> ? Own : CommonAttackOptions;

/** Which attack is to be carried over, and its own options. */
export type TransferOptions<A extends AnyAttack> = {attack: A} & OptionsOf<A>;

/** What the examples made on other nets do to the target. */
export interface TransferResult extends AttackResult {
  /** Whether the class at the adversarial input, as the target sees it, is wrong (targeted: is the target). */
  success: boolean[];
  /** Whether NaN or Infinity is among the target's logits, of the input or the adversarial input. */
  broken: boolean[];
  /** Whether the net that the example was made on took it as the attack wanted. */
  sourceSuccess: boolean[];
  /** Whether NaN or Infinity is among that net's logits: what was made on it says little of the target. */
  sourceBroken: boolean[];
  /** The place of that net in the list of sources. */
  source: number[];
}

/**
 * Makes adversarial examples on one net and judges them on another, a black box of which nothing is known: the paper's
 * black-box attack. With several sources an example counts as each example's worst case: of the inputs made on them the
 * one that the target takes as wanted, else the one that comes nearest.
 *
 * An attack that leaves an example as soon as its source is wrong (`pgd`, `apgd`, `square`, the smallest perturbations)
 * goes hardly past the source's boundary and so carries over less than `ifgsm` or `momentumIfgsm`, which make all steps.
 *
 * @param source Net that the attack is made on, from x to logits, or a list of such nets.
 * @param target Net that judges; only the order of its outputs counts, so that probabilities will do.
 * @param x [examples, ...], float32, inside the bounds.
 * @param labels True classes (targets, where targeted): one-hot [examples, classes] or indices [examples].
 * @param options `attack`, and the options that it takes: `epsilon` or `epsilons`, ...
 * @returns One result, or one for each of the epsilons; distances and gradients are the attack's. The caller disposes of
 *     `adversarial`.
 * @throws ArgumentError for bad arguments, and as the attack does.
 * @example
 * const {success} = await transfer(twin, classifier, x, labels, {attack: ifgsm, epsilon: 0.1});
 */
export function transfer<A extends AnyAttack>(
  source: Classifier | Classifier[],
  target: Classifier,
  x: Tensor,
  labels: Labels,
  options: TransferOptions<A> & SeveralEpsilons,
): Promise<TransferResult[]>;
export function transfer<A extends AnyAttack>(
  source: Classifier | Classifier[],
  target: Classifier,
  x: Tensor,
  labels: Labels,
  options: TransferOptions<A> & OneEpsilon,
): Promise<TransferResult>;
export function transfer<A extends MinimumAttack<never>>(
  source: Classifier | Classifier[],
  target: Classifier,
  x: Tensor,
  labels: Labels,
  options: TransferOptions<A>,
): Promise<TransferResult>;
export async function transfer(
  source: Classifier | Classifier[],
  target: Classifier,
  x: Tensor,
  labels: Labels,
  options: {attack: unknown} & CommonAttackOptions,
): Promise<TransferResult | TransferResult[]> {
  const isObject = options !== null && typeof options === 'object';
  check(isObject, CALLER, 'options', 'to be an object with an attack', options);
  const {attack, onProgress, ...rest} = options;
  const wayOut = 'give the function itself: {attack: ifgsm, epsilon: 0.1}';
  check(typeof attack === 'function', CALLER, 'attack', 'to be an attack', attack, wayOut);
  checkWatch(CALLER, options);
  const sources = [source].flat();
  check(sources.length > 0, CALLER, 'source', 'to be a classifier or a list of them', 'an empty list');
  for (const from of sources) {
    const isFunction = typeof from === 'function';
    check(isFunction, CALLER, 'source', 'to be a function from x to logits, or a list of them', String(from));
  }
  checkTensors(CALLER, target, x, labels);
  const {batchSize = 100, targeted = false, signal} = rest;
  checkCount(CALLER, 'batchSize', batchSize);
  const asking = {caller: CALLER, batchSize, targeted, signal};
  return whileHeld(x, labels, async held => {
    // First, so that a target that will not do is known before the work is done.
    const clean = await verdictsOf(target, held.x, held.labels, asking);
    let isList = false;
    const made = await inTurn(sources, onProgress, async (from, onProgress) => {
      const result = await (attack as Run)(from, held.x, held.labels, {...rest, onProgress});
      isList = Array.isArray(result);
      return [result].flat();
    });
    const judged: TransferResult[] = [];
    try {
      for (const k of made[0].keys()) {
        const found = made.map(results => results[k]);
        const verdicts: Verdict[][] = [];
        for (const {adversarial} of found)
          verdicts.push(await verdictsOf(target, adversarial, held.labels, asking));
        judged.push(await worstOf(found, verdicts, clean));
      }
      return isList ? judged : judged[0];
    } catch (error) {
      dispose(judged.map(({adversarial}) => adversarial));
      throw error;
    } finally {
      dispose(made.flat().map(({adversarial}) => adversarial));
    }
  });
}
