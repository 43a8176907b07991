import {clone, dispose, type Tensor} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {
  check,
  checkKeys,
  checkPositive,
  describeMargins,
  type MarginDistribution,
  type MarginOptions,
  type Norm,
  type SignatureMargins,
} from '../src/index.js';
import {checkInputs, readTargets, toList, type Data} from './batch_checks.js';
import {
  measureMargins,
  measureTrueDistances,
  measureVariation,
  type Following,
} from './margin_measurements.js';
import {planMeasuring} from './measuring_plan.js';

const CALLER = 'marginDistribution';

export interface TrueDistanceArgs {
  /** How many examples are followed, evenly spaced among all. Default 100, or all where there are fewer. */
  examples?: number;
  /** How far the class is looked for, in units of the linear estimate, >= 1. Default 16. */
  limit?: number;
  /** Smallest and largest value that an input may have: its line is clipped to them. Default: any value. */
  bounds?: [number, number];
}

export interface MarginDistributionArgs {
  /** Where margins are measured, as for LargeMarginModel. Default as there (the input and all hidden layers), or the model's own. */
  layers?: MarginOptions['layers'];
  /** Norm of the layers that name none. Default 'l2', or the model's own. */
  norm?: Norm;
  /** Added to the gradient norm, > 0. Default 1e-6, or the model's own. */
  epsilon?: number;
  /** Number of bins of each histogram, >= 1. Default 30. */
  bins?: number;
  /** Whether linear estimates are compared with true distances, and how; some 25 forward passes a layer. Default true. */
  trueDistance?: boolean | TrueDistanceArgs;
  /** Which margins the signature describes: those of rightly classified examples ('positive', the default), or 'all'. */
  margins?: SignatureMargins;
  /** How many examples are run at once, >= 1. Default 100. */
  batchSize?: number;
  /** Name of the classification output, where a model has several. */
  output?: string;
}

const KEYS = ['layers', 'norm', 'epsilon', 'bins', 'trueDistance', 'margins', 'batchSize', 'output'];

/**
 * Measures how far a set of examples is from the decision boundary, layer by layer: quantiles and histogram of the signed
 * distances to the strongest rival, how far these linear estimates can be believed, and the signature of Jiang et al.
 * (ICLR 2019), of which `fitGapPredictor` learns the generalization gap.
 *
 * True distances are those on the line of the estimate: along the steepest direction of the gap in the norm, on which the
 * activation at the layer is moved and the rest of the net is run. The nearest point of the boundary may lie elsewhere.
 *
 * @param model A classifier; a LargeMarginModel is measured by its own options (layers, norms, gammas, scores, epsilon).
 * @param x Inputs, as for `predict`: [examples, ...] for each input. A signature wants the training data.
 * @param labels True classes: one-hot [examples, classes] or class indices [examples].
 * @returns Plain data, for `marginTable`, `marginPlot` and JSON.
 * @throws ArgumentError for bad arguments, before anything is computed.
 * @example
 * const distribution = await marginDistribution(model, x, labels, {layers: ['input', 'conv1'], norm: 'linf'});
 * console.log(marginTable(distribution));
 */
export async function marginDistribution(
  model: LayersModel,
  x: Data,
  labels: Data,
  args: MarginDistributionArgs = {},
): Promise<MarginDistribution> {
  checkKeys(CALLER, 'args', args, KEYS);
  const {bins = 30, trueDistance = true, margins = 'positive', batchSize = 100} = args;
  checkCount('bins', bins);
  checkCount('batchSize', batchSize);
  const isChoice = margins === 'positive' || margins === 'all';
  check(isChoice, CALLER, 'margins', "to be 'positive' or 'all'", margins);
  const {base, plan, gammas} = planMeasuring(CALLER, model, args);
  const inputs = toList(CALLER, 'x', x, base.inputNames);
  checkInputs(CALLER, inputs, base);
  const targets = toList(CALLER, 'labels', labels, base.outputNames);
  const indices = readTargets(CALLER, targets, inputs[0].shape[0], plan);
  const following = resolveFollowing(trueDistance, indices.length);
  if (following?.bounds) checkInside(inputs, following.bounds);
  // The caller may dispose of x before this is over.
  const xs = inputs.map(input => clone(input));
  try {
    const data = {xs, labels: indices, batchSize};
    const measured = await measureMargins(CALLER, {base, plan}, data);
    const variations = await measureVariation({base, plan}, data);
    const followed = following && (await measureTrueDistances(CALLER, {base, plan}, data, following));
    const {epsilon, clip} = plan.options;
    const layers = plan.layers.map(({name, norm}) => ({
      ...{name, norm, gamma: gammas[name], totalVariation: variations[name]},
      ...measured.layers[name],
      ...(followed && {followed: followed[name]}),
    }));
    return describeMargins(measured.logits, indices, layers, {epsilon, clip, bins, margins});
  } finally {
    dispose(xs);
  }
}

function checkCount(argument: string, value: unknown): void {
  const ok = Number.isInteger(value) && (value as number) >= 1;
  check(ok, CALLER, argument, 'to be an integer >= 1', value);
}

/** A line that begins outside the bounds would begin with a jump. */
function checkInside(inputs: Tensor[], [low, high]: [number, number]): void {
  for (const input of inputs) {
    const outside = input.dataSync().find(value => value < Math.fround(low) || value > Math.fround(high));
    const wayOut = 'give the bounds that x has';
    check(outside === undefined, CALLER, 'x', `to lie in the bounds [${low}, ${high}]`, outside, wayOut);
  }
}

function resolveFollowing(asked: boolean | TrueDistanceArgs, size: number): Following | undefined {
  if (asked === false) return undefined;
  const given = asked === true ? {} : asked;
  const keys = ['examples', 'limit', 'bounds'];
  checkKeys(CALLER, 'trueDistance', given, keys, 'to be true, false or an object');
  const {examples = 100, limit = 16, bounds} = given;
  checkCount('trueDistance.examples', examples);
  checkPositive(CALLER, 'trueDistance.limit', limit);
  check(limit >= 1, CALLER, 'trueDistance.limit', 'to be >= 1', limit, 'it is in units of the estimate');
  const isPair = Array.isArray(bounds) && bounds.length === 2 && bounds.every(Number.isFinite);
  const areBounds = bounds === undefined || (isPair && bounds[0] < bounds[1]);
  check(areBounds, CALLER, 'trueDistance.bounds', 'to be [low, high] with low < high', bounds);
  const count = Math.min(examples, size);
  const places = Array.from({length: count}, (_, i) => Math.floor((i * size) / count));
  return {places, limit, bounds};
}
