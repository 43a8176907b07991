import {clone, dispose} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {
  check,
  checkKeys,
  logitLosses,
  precisionAt,
  rankSuspects,
  type Norm,
  type SuspectPrecision,
  type SuspectRanking,
} from '../src/index.js';
import {checkInputs, readTargets, toList, type Data} from './batch_checks.js';
import {measureMargins} from './margin_measurements.js';
import {planMeasuring} from './measuring_plan.js';

const CALLER = 'suspectLabels';
const KEYS = ['by', 'layer', 'norm', 'planted', 'k', 'batchSize', 'output'];

export interface SuspectLabelsArgs {
  /**
   * What examples are ranked by: 'distance' (default), the signed distance to the boundary of the given label, or
   * 'crossEntropy', the loss of the given label, largest first (`values` are then its negatives).
   */
  by?: 'distance' | 'crossEntropy';
  /** Where the distance is measured: one layer's name, 'input' (default), or 'output' for the gap of logits. */
  layer?: string;
  /** Norm of the distance. Default 'l2', or the model's own. */
  norm?: Norm;
  /** For trials: whether each example's label is known to be wrong, [examples]. */
  planted?: ArrayLike<boolean | number>;
  /** How many of the first are counted for `precision`. Default: as many as are planted. */
  k?: number;
  /** How many examples are run at once, >= 1. Default 100. */
  batchSize?: number;
  /** Name of the classification output, where a model has several. */
  output?: string;
}

export interface SuspectLabels extends SuspectRanking {
  /** Where `planted` is given. */
  precision?: SuspectPrecision;
}

/**
 * Ranks training examples by how suspect their labels are: first those that lie farthest on the wrong side of the
 * boundary of the label they were given, then those nearest to it.
 *
 * @param model A classifier that was trained on these labels, but not so long that it knows each of them by heart.
 * @param x Inputs, as for `predict`: [examples, ...] for each input.
 * @param labels The labels in question: one-hot [examples, classes] or class indices [examples].
 * @returns Places of the examples, the most suspect first, and with `planted` how many of the first are rightly suspected.
 * @throws ArgumentError for bad arguments, before anything is computed.
 * @example
 * const {places} = await suspectLabels(model, x, labels, {layer: 'output'});
 * console.log('look at', places.slice(0, 20));
 */
export async function suspectLabels(
  model: LayersModel,
  x: Data,
  labels: Data,
  args: SuspectLabelsArgs = {},
): Promise<SuspectLabels> {
  checkKeys(CALLER, 'args', args, KEYS);
  const {by = 'distance', layer = 'input', norm, planted, k, batchSize = 100, output} = args;
  const isKnown = by === 'distance' || by === 'crossEntropy';
  check(isKnown, CALLER, 'by', "to be 'distance' or 'crossEntropy'", by);
  check(typeof layer === 'string', CALLER, 'layer', 'to be the name of a layer', layer);
  const isCount = Number.isInteger(batchSize) && batchSize >= 1;
  check(isCount, CALLER, 'batchSize', 'to be an integer >= 1', batchSize);
  const place = by === 'distance' ? layer : 'output';
  const {base, plan} = planMeasuring(CALLER, model, {layers: [place], norm, output});
  const names = plan.layers.map(({name}) => name);
  check(names.length === 1, CALLER, 'layer', 'to be one layer', layer, `name one of ${names.join(', ')}`);
  const inputs = toList(CALLER, 'x', x, base.inputNames);
  checkInputs(CALLER, inputs, base);
  const targets = toList(CALLER, 'labels', labels, base.outputNames);
  const indices = readTargets(CALLER, targets, inputs[0].shape[0], plan);
  checkPlanted(planted, k, indices.length);
  const xs = inputs.map(input => clone(input));
  try {
    const measured = await measureMargins(CALLER, {base, plan}, {xs, labels: indices, batchSize});
    const values =
      by === 'distance'
        ? measured.layers[names[0]].distances
        : logitLosses(measured.logits, indices).map(loss => -loss);
    const ranking = rankSuspects(values);
    return {...ranking, ...(planted && {precision: precisionAt(ranking.places, planted, k)})};
  } finally {
    dispose(xs);
  }
}

function checkPlanted(planted: SuspectLabelsArgs['planted'], k: number | undefined, size: number): void {
  if (planted === undefined) {
    check(k === undefined, CALLER, 'k', 'to be left out without planted', k);
    return;
  }
  const flags = Array.from(planted ?? []);
  check(flags.length === size, CALLER, 'planted', `to be ${size} flags, one for each example`, flags.length);
  const bad = flags.findIndex(flag => flag !== true && flag !== false && flag !== 0 && flag !== 1);
  check(bad < 0, CALLER, 'planted', `to be true or false (example ${bad})`, flags[bad]);
  check(flags.some(Boolean), CALLER, 'planted', 'to mark at least one example', 'none');
  const isCount = k === undefined || (Number.isInteger(k) && k >= 1 && k <= size);
  check(isCount, CALLER, 'k', `to be an integer in 1..${size} (examples)`, k);
}
