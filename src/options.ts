import {check, checkKeys, checkNorm, checkPositive, isFiniteNumber} from './checks.js';
import {checkScheduled, isSchedule, type Scheduled} from './schedules.js';
import type {MarginLayer, MarginOptions, ResolvedLayer, ResolvedOptions} from './types.js';

const OPTION_NAMES = [
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
  ...['clip', 'epsilon', 'marginWeight', 'crossEntropyWeight', 'labelSmoothing', 'seed', 'step'],
];
const LAYER_NAMES = ['name', 'gamma', 'weight', 'norm', 'scale'];

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
  checkKeys(caller, 'options', options, [...OPTION_NAMES, ...otherKeys], 'to be an object with gamma');
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
    labelSmoothing = 0,
    seed,
    step,
  } = options;
  if (gamma !== undefined) checkGamma(caller, 'gamma', gamma);
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
  const isShare = isFiniteNumber(labelSmoothing) && labelSmoothing >= 0 && labelSmoothing < 1;
  check(isShare, caller, 'labelSmoothing', 'to be a number in [0, 1)', labelSmoothing);
  check(seed === undefined || Number.isInteger(seed), caller, 'seed', 'to be an integer', seed);
  const isStep = step === undefined || (Number.isInteger(step) && step >= 0);
  check(isStep, caller, 'step', 'to be an integer >= 0', step);
  return {
    ...{gamma, norm, scale, scores, topK, rivals, aggregate, reduceLayers, gradient},
    ...{batchStatistics, clip, epsilon, marginWeight, crossEntropyWeight, labelSmoothing, seed, step},
  };
}

/** Checks one margin layer and fills in its defaults from the options around it. */
export function resolveLayer(caller: string, layer: MarginLayer, options: ResolvedOptions): ResolvedLayer {
  checkKeys(caller, `layers: ${layer.name}`, layer, LAYER_NAMES);
  const {name, gamma = options.gamma, weight = 1, norm = options.norm, scale = options.scale} = layer;
  checkGamma(caller, gamma === undefined ? 'gamma' : `gamma of layer ${name}`, gamma);
  checkWeight(caller, `weight of layer ${name}`, weight);
  checkNorm(caller, norm, `norm of layer ${name}`);
  checkScale(caller, `scale of layer ${name}`, scale);
  return {name, gamma, weight, norm, scale};
}

/**
 * Checks that the step is known where a schedule needs it.
 *
 * @throws ArgumentError naming the way out.
 */
export function checkStep(caller: string, layers: ResolvedLayer[], options: ResolvedOptions): void {
  const {marginWeight, crossEntropyWeight, step} = options;
  const numbers = [marginWeight, crossEntropyWeight, ...layers.flatMap(({gamma, weight}) => [gamma, weight])];
  const isKnown = step !== undefined || !numbers.some(isSchedule);
  check(
    isKnown,
    caller,
    'step',
    'to be given where an option is a schedule',
    step,
    'count your steps from 0',
  );
}

function checkOneOf(caller: string, argument: string, value: unknown, allowed: string[]): void {
  const ok = allowed.includes(value as string);
  check(ok, caller, argument, `to be ${allowed.map(a => `'${a}'`).join(' or ')}`, value);
}

function checkScale(caller: string, argument: string, value: unknown): void {
  if (value !== 'size') checkPositive(caller, argument, value, "'size' means the layer's number of units");
}

function checkGamma(caller: string, argument: string, gamma: unknown): asserts gamma is Scheduled {
  const wayOut = 'gamma is the distance wanted, in units of the layer: start with 1 for l2';
  checkScheduled(caller, argument, gamma, (name, value) => checkPositive(caller, name, value, wayOut));
}

function checkWeight(caller: string, argument: string, weight: unknown): asserts weight is Scheduled {
  checkScheduled(caller, argument, weight, (name, value) => {
    check(isFiniteNumber(value) && value >= 0, caller, name, 'to be a finite number >= 0', value);
  });
}
