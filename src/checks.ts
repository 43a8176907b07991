import {all, isFinite, tidy, type Tensor} from '@tensorflow/tfjs-core';
import type {MarginLayer, MarginOptions, Norm, ResolvedLayer, ResolvedOptions} from './types.js';

/** Says which argument is wrong, what was expected, what came, and the way out where there is one. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
  /** The argument at fault, as the caller wrote it: `gamma`, `layers`, `labels`, ... */
  readonly argument: string;

  constructor(caller: string, argument: string, expected: string, got: unknown, wayOut?: string) {
    super(`${caller}: expected ${argument} ${expected}, got ${show(got)}${wayOut ? `; ${wayOut}` : ''}`);
    this.argument = argument;
  }
}

/** Throws an ArgumentError unless ok. */
export function check(
  ok: boolean,
  caller: string,
  argument: string,
  expected: string,
  got: unknown,
  wayOut?: string,
): asserts ok {
  if (!ok) throw new ArgumentError(caller, argument, expected, got, wayOut);
}

/** Checks the norm of a distance: 'l1', 'l2', 'linf' or p >= 1. */
export function checkNorm(caller: string, norm: unknown, argument = 'norm'): asserts norm is Norm {
  const named = norm === 'l1' || norm === 'l2' || norm === 'linf';
  const ok = named || (typeof norm === 'number' && norm >= 1);
  check(ok, caller, argument, "to be 'l1', 'l2', 'linf' or a number p >= 1", norm);
}

const OPTION_NAMES = new Set<string>([
  ...[
    'gamma',
    'layers',
    'norm',
    'scale',
    'scores',
    'topK',
    'rivals',
    'aggregate',
    'reduceLayers',
    'gradient',
    'batchStatistics',
  ],
  ...['clip', 'epsilon', 'marginWeight', 'crossEntropyWeight', 'seed'],
]);
const LAYER_NAMES = new Set<string>(['name', 'gamma', 'weight', 'norm', 'scale']);

/**
 * Checks margin options and fills in their defaults; layers are resolved apart, where the layers are known.
 *
 * @param otherKeys Keys that the caller has read already.
 */
export function resolveOptions(
  caller: string,
  options: MarginOptions,
  otherKeys: string[] = [],
): ResolvedOptions {
  check(
    options !== null && typeof options === 'object',
    caller,
    'options',
    'to be an object with gamma',
    options,
  );
  checkKnown(caller, 'options', options, new Set([...OPTION_NAMES, ...otherKeys]));
  const {
    gamma,
    norm = 'l2',
    scale = 1,
    scores = 'logits',
    topK = 1,
    rivals = 'top',
    aggregate = 'max',
    reduceLayers = 'sum',
    gradient = 'exact',
    batchStatistics = 'constant',
    clip = 4,
    epsilon = 1e-6,
    marginWeight = 1,
    crossEntropyWeight = 1,
    seed,
  } = options;
  checkPositive(
    caller,
    'gamma',
    gamma,
    'gamma is the distance wanted, in units of the layer: start with 1 for l2',
  );
  checkNorm(caller, norm);
  checkScale(caller, 'scale', scale);
  checkOneOf(caller, 'scores', scores, ['logits', 'probabilities']);
  check(Number.isInteger(topK) && topK >= 1, caller, 'topK', 'to be an integer in 1..classes-1', topK);
  checkOneOf(caller, 'rivals', rivals, ['top', 'random']);
  checkOneOf(caller, 'aggregate', aggregate, ['max', 'sum']);
  checkOneOf(caller, 'reduceLayers', reduceLayers, ['sum', 'mean']);
  checkOneOf(caller, 'gradient', gradient, ['exact', 'firstOrder']);
  checkOneOf(caller, 'batchStatistics', batchStatistics, ['constant', 'differentiated']);
  if (clip !== null) checkPositive(caller, 'clip', clip, 'null means no cap');
  checkPositive(caller, 'epsilon', epsilon);
  checkWeight(caller, 'marginWeight', marginWeight);
  checkWeight(caller, 'crossEntropyWeight', crossEntropyWeight);
  check(seed === undefined || Number.isInteger(seed), caller, 'seed', 'to be an integer', seed);
  return {
    ...{gamma, norm, scale, scores, topK, rivals, aggregate, reduceLayers, gradient},
    ...{batchStatistics, clip, epsilon, marginWeight, crossEntropyWeight, seed},
  };
}

/** Checks one margin layer and fills in its defaults from the options around it. */
export function resolveLayer(caller: string, layer: MarginLayer, options: ResolvedOptions): ResolvedLayer {
  checkKnown(caller, `layers: ${layer.name}`, layer, LAYER_NAMES);
  const {name, gamma = options.gamma, weight = 1, norm = options.norm, scale = options.scale} = layer;
  checkPositive(caller, `gamma of layer ${name}`, gamma);
  checkWeight(caller, `weight of layer ${name}`, weight);
  checkNorm(caller, norm, `norm of layer ${name}`);
  checkScale(caller, `scale of layer ${name}`, scale);
  return {name, gamma, weight, norm, scale};
}

/** Checks that there are rivals enough: at least 2 classes, topK below their number. */
export function checkClasses(caller: string, classes: number | null, topK: number): void {
  check(classes !== null && classes >= 2, caller, 'logits', 'to have at least 2 classes', classes);
  check(topK <= classes - 1, caller, 'topK', `in 1..${classes - 1} (classes - 1)`, topK);
}

/** Checks that a tensor holds neither NaN nor Infinity. */
export function checkFinite(caller: string, argument: string, x: Tensor, wayOut?: string): void {
  if (x.dtype !== 'float32') return;
  const ok = tidy(() => all(isFinite(x)).dataSync()[0] === 1);
  check(ok, caller, argument, 'to be finite everywhere', 'NaN or Infinity', wayOut ?? 'clean the data first');
}

function checkOneOf(caller: string, argument: string, value: unknown, allowed: string[]): void {
  const ok = allowed.includes(value as string);
  check(ok, caller, argument, `to be ${allowed.map(a => `'${a}'`).join(' or ')}`, value);
}

/** Checks for a finite number > 0. */
export function checkPositive(caller: string, argument: string, value: unknown, wayOut?: string): void {
  check(isFiniteNumber(value) && value > 0, caller, argument, 'to be a finite number > 0', value, wayOut);
}

function checkScale(caller: string, argument: string, value: unknown): void {
  if (value !== 'size') checkPositive(caller, argument, value, "'size' means the layer's number of units");
}

function checkWeight(caller: string, argument: string, value: unknown): void {
  check(isFiniteNumber(value) && value >= 0, caller, argument, 'to be a finite number >= 0', value);
}

function checkKnown(caller: string, argument: string, value: object, known: Set<string>): void {
  for (const key of Object.keys(value)) {
    check(known.has(key), caller, argument, `to have only the keys ${[...known].join(', ')}`, key);
  }
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (value instanceof Object && !(value instanceof Function)) return JSON.stringify(value);
  return String(value);
}
