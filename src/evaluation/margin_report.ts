import type {Norm} from '../types.js';
import {compareDistances, type MarginComparison} from './margin_comparison.js';
import {summarizeMargins, type MarginSummary} from './margin_summary.js';
import {marginSignature, type LayerSignature, type SignatureMargins} from './signature.js';

/** Linear estimates beside true distances at one layer, in the units of its distances. */
export interface FollowedExamples {
  /** Places of the examples that were followed. */
  places: number[];
  estimates: number[];
  /** Infinity (-Infinity, where misclassified): the class does not change as far as was looked. NaN: see `nonFinite`. */
  found: number[];
}

/** What was measured at one margin layer. */
export interface LayerMargins extends MarginSummary {
  name: string;
  norm: Norm;
  /** Distance wanted, where the model has one. */
  gamma?: number;
  /** Trace of the covariance matrix of the layer's activations. */
  totalVariation: number;
  /** Where true distances were asked for. */
  trueDistances?: FollowedExamples & MarginComparison;
}

/** The distances of a set of examples to their boundaries, layer by layer; plain data. */
export interface MarginDistribution {
  /** Number of examples. */
  examples: number;
  /** Share that is classified rightly, by the logits; one with a NaN among them is not. */
  accuracy: number;
  layers: LayerMargins[];
  /** The quartile description for `fitGapPredictor`, layer by layer. */
  signature: LayerSignature[];
}

/** The numbers of one layer before they are described. */
export interface MeasuredLayer {
  name: string;
  norm: Norm;
  gamma?: number;
  /** Signed distances, one for each example. */
  distances: ArrayLike<number>;
  /** Gradient norm + epsilon, one for each example. */
  denominators: ArrayLike<number>;
  totalVariation: number;
  followed?: FollowedExamples;
}

/** How distances are described. */
export interface ReportOptions {
  epsilon: number;
  clip: number | null;
  /** Number of bins of each histogram. */
  bins: number;
  margins: SignatureMargins;
}

/**
 * Describes what was measured of a set of examples.
 *
 * @param logits [examples x classes].
 * @param labels Class indices.
 */
export function describeMargins(
  logits: Float32Array,
  labels: ArrayLike<number>,
  measured: MeasuredLayer[],
  {margins, ...options}: ReportOptions,
): MarginDistribution {
  const layers = measured.map((layer): LayerMargins => {
    const {name, norm, gamma, distances, denominators, totalVariation, followed} = layer;
    return {
      ...{name, norm, ...(gamma !== undefined && {gamma})},
      ...summarizeMargins(distances, denominators, {...options, gamma}),
      totalVariation,
      ...(followed && {
        trueDistances: {...followed, ...compareDistances(followed.estimates, followed.found)},
      }),
    };
  });
  const signature = measured.map(({name, distances, totalVariation}) =>
    marginSignature(name, distances, totalVariation, margins),
  );
  return {examples: labels.length, accuracy: accuracyOf(logits, labels), layers, signature};
}

/** The share of examples whose own logit is above all others. */
function accuracyOf(logits: Float32Array, labels: ArrayLike<number>): number {
  const classes = logits.length / labels.length;
  const isRight = (label: number, i: number) => {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    return row.every((value, c) => Number.isFinite(value) && (c === label || value < row[label]));
  };
  return Array.from(labels).filter(isRight).length / labels.length;
}
