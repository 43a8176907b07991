import {Tensor, type TypedArray} from '@tensorflow/tfjs-core';
import {check, checkKeys, isFiniteNumber} from '../checks.js';
import type {Classifier} from '../types.js';
import type {
  AttackLoss,
  AttackNorm,
  CommonAttackOptions,
  Labels,
  OneEpsilon,
  SeveralEpsilons,
} from './attack_types.js';
import type {Bounds} from './balls.js';

const COMMON = ['epsilon', 'epsilons', 'norm', 'bounds', 'targeted', 'batchSize', 'onProgress', 'signal'];
const LOSSES: AttackLoss[] = ['crossEntropy', 'logitMargin', 'dlr', 'own'];

/** The options of every attack with nothing left to default. */
export interface ResolvedAttackOptions {
  norm: AttackNorm;
  bounds: Bounds;
  targeted: boolean;
  batchSize: number;
  onProgress?: CommonAttackOptions['onProgress'];
  signal?: AbortSignal;
  /** Radii; undefined: the smallest perturbation. */
  epsilons?: number[];
}

/** Which of the common options an attack takes. */
export interface Takes {
  norms: AttackNorm[];
  /** Names of the options of its own. */
  own: string[];
  targeted: boolean;
  /** Whether it may be asked for the smallest perturbation, without a radius. */
  minimum: boolean;
}

/** Checks what every attack takes; options that it does not know are refused. */
export function resolveAttackOptions(
  caller: string,
  options: CommonAttackOptions & Partial<OneEpsilon | SeveralEpsilons>,
  {norms, own, targeted: mayTarget, minimum}: Takes,
): ResolvedAttackOptions {
  const radius = minimum ? '' : ' with epsilon or epsilons';
  const known = [...COMMON.filter(key => mayTarget || key !== 'targeted'), ...own];
  checkKeys(caller, 'options', options, known, `to be an object${radius}`);
  const {norm = norms[0], bounds = [0, 1], targeted = false, batchSize = 100, onProgress, signal} = options;
  check(norms.includes(norm), caller, 'norm', `to be one of ${quoted(norms)}`, norm);
  const arePair = Array.isArray(bounds) && bounds.length === 2 && bounds.every(isFiniteNumber);
  // Inputs are float32: the bounds are those that they can have.
  const inFloat32 = (arePair ? bounds.map(Math.fround) : [NaN, NaN]) as Bounds;
  const areApart = inFloat32.every(isFiniteNumber) && inFloat32[0] < inFloat32[1];
  check(areApart, caller, 'bounds', 'to be [low, high] with low < high in float32', bounds);
  check(typeof targeted === 'boolean', caller, 'targeted', 'to be true or false', targeted);
  checkCount(caller, 'batchSize', batchSize);
  const isFunction = onProgress === undefined || typeof onProgress === 'function';
  check(isFunction, caller, 'onProgress', 'to be a function', onProgress);
  const isSignal = signal === undefined || typeof signal?.throwIfAborted === 'function';
  check(isSignal, caller, 'signal', 'to be an AbortSignal', signal);
  const epsilons = readEpsilons(caller, options, minimum);
  return {norm, bounds: inFloat32, targeted, batchSize, onProgress, signal, epsilons};
}

function readEpsilons(
  caller: string,
  {epsilon, epsilons}: Partial<OneEpsilon | SeveralEpsilons>,
  minimum: boolean,
): number[] | undefined {
  if (minimum && epsilon === undefined && epsilons === undefined) return undefined;
  const one = epsilon === undefined || epsilons === undefined;
  check(one, caller, 'epsilons', 'or epsilon to be given, not both', epsilons);
  if (epsilons !== undefined) {
    const isList = Array.isArray(epsilons) && epsilons.length > 0;
    check(isList, caller, 'epsilons', 'to be a list of numbers >= 0', epsilons);
  }
  const list: unknown[] = epsilons ?? [epsilon];
  const bad = list.findIndex(value => !isFiniteNumber(value) || value < 0);
  const argument = epsilons === undefined ? 'epsilon' : 'epsilons';
  const wayOut = 'it is in the units of x';
  check(bad < 0, caller, argument, 'to be finite and >= 0', list[bad], wayOut);
  return [...list] as number[];
}

/** Checks for an integer >= least. */
export function checkCount(caller: string, argument: string, value: unknown, least = 1): void {
  const ok = Number.isInteger(value) && (value as number) >= least;
  check(ok, caller, argument, `to be an integer >= ${least}`, value);
}

/** Checks for an integer that may seed a stream of random numbers. */
export function checkSeed(caller: string, seed: unknown): void {
  check(Number.isSafeInteger(seed), caller, 'seed', 'to be an integer', seed);
}

/** Checks the losses that an attack is to climb: one, or several that it tries one after the other. */
export function resolveLosses(
  caller: string,
  loss: AttackLoss | AttackLoss[],
  classifier: Classifier,
): AttackLoss[] {
  const losses = [loss].flat();
  const isKnown = losses.length > 0 && losses.every(name => LOSSES.includes(name));
  check(isKnown, caller, 'loss', `to be one or several of ${quoted(LOSSES)}`, loss);
  const hasOwn = !losses.includes('own') || typeof classifier.ownLoss === 'function';
  const wayOut = 'make the classifier with toClassifier(model) of a LargeMarginModel';
  check(hasOwn, caller, 'loss', "'own' only for a classifier with ownLoss", loss, wayOut);
  return losses;
}

/** Checks that there are classes enough for the losses that the options ask for. */
export function checkLossClasses(caller: string, options: {loss?: unknown}, classes: number): void {
  const ok = classes >= 3 || ![options.loss].flat().includes('dlr');
  const wayOut = "take 'logitMargin': the dlr compares the largest logit with the third largest";
  check(ok, caller, 'loss', `other than 'dlr' for a net of ${classes} classes`, options.loss, wayOut);
}

/** Checks what is attacked: a function, float32 inputs, labels in one of their forms. */
export function checkTensors(
  caller: string,
  classifier: unknown,
  x: unknown,
  labels: unknown,
): asserts x is Tensor {
  const wayOut = 'make one with toClassifier(model)';
  const isFunction = typeof classifier === 'function';
  check(isFunction, caller, 'classifier', 'to be a function from x to logits', kindOf(classifier), wayOut);
  check(x instanceof Tensor, caller, 'x', 'to be a tensor [examples, ...]', kindOf(x));
  check(!x.isDisposed, caller, 'x', 'to be a live tensor', 'a disposed one');
  const hasExamples = x.rank >= 2 && x.size > 0;
  check(hasExamples, caller, 'x', 'of shape [examples >= 1, ...]', x.shape);
  check(x.dtype === 'float32', caller, 'x', 'to be float32', x.dtype, "use x.cast('float32')");
  const areLabels = labels instanceof Tensor || isNumberList(labels);
  check(areLabels, caller, 'labels', 'to be a tensor or an array of class indices', kindOf(labels));
  const isLive = !(labels instanceof Tensor) || !labels.isDisposed;
  check(isLive, caller, 'labels', 'to be a live tensor', 'a disposed one');
}

/** Checks that inputs lie inside the bounds, NaN nowhere. */
export async function checkInside(caller: string, x: Tensor, [low, high]: Bounds): Promise<void> {
  const values = (await x.data()) as Float32Array;
  const wrong = values.findIndex(value => !(value >= low && value <= high));
  const place = wrong < 0 ? '' : ` (example ${Math.floor(wrong / (x.size / x.shape[0]))})`;
  const expected = `to lie in the bounds [${low}, ${high}]${place}`;
  check(wrong < 0, caller, 'x', expected, values[wrong], 'scale it, or give its own bounds');
}

/** Whether labels are a tensor; otherwise they are class indices in an array. */
export function isTensor(labels: Labels): labels is Tensor {
  return labels instanceof Tensor;
}

/** Whether a value is a list of numbers. */
export function isNumberList(value: unknown): value is number[] | TypedArray {
  return (
    (Array.isArray(value) || ArrayBuffer.isView(value)) && Array.from(value as number[]).every(isFiniteNumber)
  );
}

/** What a value is, in a word: it may be too long to be shown, or not be shown at all. */
function kindOf(value: unknown): string {
  const isObject = value !== null && typeof value === 'object';
  return isObject ? (value.constructor?.name ?? 'an object') : String(value);
}

function quoted(names: string[]): string {
  return names.map(name => `'${name}'`).join(', ');
}
