import {dispose, gather, tidy, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {ArgumentError, check, checkKeys, type MarginLayer, type Norm} from '../src/index.js';
import {checkInputs, readTargets, toList, type Data} from './batch_checks.js';
import type {LargeMarginModelOptions, MarginPlan} from './margin_plan.js';
import {measureDistances} from './measure.js';
import {planMeasuring} from './measuring_plan.js';

const CALLER = 'suggestGamma';

/** The largest share that epsilon may have in what a gap is divided by. */
const MAX_EPSILON_SHARE = 0.1;

export interface SuggestGammaArgs {
  /** Where gammas are wanted, as for LargeMarginModel; a gamma in it is replaced. Default as there, or the model's own. */
  layers?: LargeMarginModelOptions['layers'];
  /** Norm of the layers that name none. Default 'l2', or the model's own. */
  norm?: Norm;
  /**
   * Which of the distances, sorted by size, in (0, 1]: 1 is the largest. Default 0.75: three quarters of the examples
   * are asked for more than they have, and a quarter shows that it can be had. MNIST nets fine-tuned with 0.25 to 1 (l2
   * and linf, 550 to 20,000 pictures) resisted attacks the better the larger it was up to 0.75; beyond, they gained
   * little and lost accuracy.
   */
  quantile?: number;
  /** How many examples are run at once. Default 32. */
  batchSize?: number;
  /** Name of the classification output, where a model has several. */
  output?: string;
}

/** A margin layer whose gamma was measured. */
export type SuggestedLayer = MarginLayer & {gamma: number; norm: Norm};

/**
 * Suggests gammas for a trained net: at each margin layer, the distance to the boundary that a share `quantile` of
 * the rightly classified examples does not exceed now.
 *
 * @param model A classifier; a LargeMarginModel is measured by its own options (layers, norms, scores, epsilon).
 * @param x Inputs, as for `predict`: [examples, ...] for each input; some hundreds of training examples will do.
 * @param labels True classes, as for `distances`: one-hot [examples, classes] or class indices [examples].
 * @returns Margin layers for the option `layers`. Their terms have the size of their gammas: `weight: 1 / gamma` makes
 *     them weigh alike.
 * @throws ArgumentError for bad arguments, when no example is classified rightly, for distances that are not finite,
 *     and for a layer where the gap is flat, so that epsilon decides its distance.
 * @example
 * const layers = suggestGamma(base, x, y, {norm: 'linf', layers: ['input', 'hidden2']});
 * const model = new LargeMarginModel(base, {layers});
 */
export function suggestGamma(
  model: LayersModel,
  x: Data,
  labels: Data,
  args: SuggestGammaArgs = {},
): SuggestedLayer[] {
  checkKeys(CALLER, 'args', args, ['layers', 'norm', 'quantile', 'batchSize', 'output']);
  const {quantile = 0.75, batchSize = 32} = args;
  const isShare = typeof quantile === 'number' && quantile > 0 && quantile <= 1;
  check(isShare, CALLER, 'quantile', 'to be in (0, 1]', quantile);
  check(Number.isInteger(batchSize) && batchSize > 0, CALLER, 'batchSize', 'to be an integer > 0', batchSize);
  const {layers, norm, output} = args;
  const {base, plan} = planMeasuring(CALLER, model, {layers, norm, output});
  const xs = toList(CALLER, 'x', x, base.inputNames);
  checkInputs(CALLER, xs, base);
  const targets = toList(CALLER, 'labels', labels, base.outputNames);
  const indices = readTargets(CALLER, targets, xs[0].shape[0], plan);
  const byLayer = read(measureDistances(base, plan, xs, batchSize, indices));
  const chosen = plan.layers.map(({name}) => exampleAt(quantile, name, byLayer[name]));
  checkNotFlat(base, plan, xs, indices, chosen, batchSize);
  return plan.layers.map(({name, norm, weight, scale}, i) => ({
    ...{name, gamma: byLayer[name][chosen[i]], norm},
    ...(weight !== 1 && {weight}),
    ...(scale !== 1 && {scale}),
  }));
}

/** The distances to the one rival by layer; disposes of the tensors. */
function read(distances: Record<string, Tensor2D>): Record<string, Float32Array> {
  try {
    const entries = Object.entries(distances);
    return Object.fromEntries(entries.map(([name, d]) => [name, d.dataSync<'float32'>()]));
  } finally {
    dispose(distances);
  }
}

/** The example with the distance at the quantile (by nearest rank) among those classified rightly. */
function exampleAt(quantile: number, layer: string, distances: Float32Array): number {
  const broken = distances.filter(d => !Number.isFinite(d)).length;
  const got = (count: number) => `${count} of ${distances.length} examples`;
  check(
    broken === 0,
    CALLER,
    'model',
    `to have finite distances at layer ${layer}`,
    `NaN or Infinity for ${got(broken)}`,
    'look for NaN among its weights, or leave that layer out of layers',
  );
  const right = [...distances.keys()].filter(i => distances[i] > 0);
  right.sort((a, b) => distances[a] - distances[b]);
  check(
    right.length > 0,
    CALLER,
    'model',
    'to classify at least one example rightly',
    got(0),
    'train it first, or see that labels belong to x',
  );
  // 0.07 x 100 is more than 7 in floating point.
  return right[Math.max(Math.ceil(quantile * right.length - 1e-9), 1) - 1];
}

/**
 * Refuses layers whose distance is gap / epsilon because the gap has no gradient there. With n the gradient's norm,
 * distance = gap / (n + epsilon), so that doubling epsilon shows its share: the quotient is 1 + epsilon / (n + epsilon).
 */
function checkNotFlat(
  base: LayersModel,
  plan: MarginPlan,
  xs: Tensor[],
  indices: Int32Array,
  chosen: number[],
  batchSize: number,
): void {
  const {options} = plan;
  const labels = Int32Array.from(chosen, example => indices[example]);
  const flat = tidy(() => {
    const few = xs.map(x => gather(x, chosen));
    const measure = (epsilon: number) =>
      read(measureDistances(base, {...plan, options: {...options, epsilon}}, few, batchSize, labels));
    const [once, twice] = [measure(options.epsilon), measure(2 * options.epsilon)];
    return plan.layers.filter(({name}, i) => once[name][i] / twice[name][i] - 1 > MAX_EPSILON_SHARE);
  });
  if (flat.length === 0) return;
  const names = flat.map(({name}) => name);
  const others = plan.layers.map(({name}) => name).filter(name => !names.includes(name));
  const nameOthers = `name others${others.length > 0 ? ` (${others.join(', ')})` : ''}`;
  const withLogits = options.scores === 'logits' ? '' : ", or measure with scores 'logits'";
  throw new ArgumentError(
    CALLER,
    'layers',
    'to be where the gap between two classes has a gradient',
    `${names.join(', ')} (flat there: the distance is gap / epsilon)`,
    `${nameOthers}, or take a smaller quantile${withLogits}`,
  );
}
