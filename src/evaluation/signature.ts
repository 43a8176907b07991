import {check} from '../checks.js';
import {ascending, fiveNumbers, type FiveNumbers} from './quantiles.js';

/** The quartile description of the margins at one layer, each divided by the root of the layer's total variation. */
export interface LayerSignature extends FiveNumbers {
  layer: string;
  /** Number of margins that are described. */
  margins: number;
}

/** Which margins are described: those of examples that are classified rightly (as in the paper), or all. */
export type SignatureMargins = 'positive' | 'all';

/**
 * Describes the margins at one layer by five numbers that do not change with the layer's scale (Jiang et al., ICLR 2019,
 * "Predicting the Generalization Gap in Deep Networks with Margin Distributions").
 *
 *     margin = distance / sqrt(total variation);  quartiles, and the outermost margins within 1.5 (q3 - q1) of them
 *
 * @param distances Signed distances in l2, one for each training example; those that are not finite are left out.
 * @param totalVariation Of the layer's activations, >= 0; see `TotalVariation`.
 * @returns NaN where there is no margin to describe, or no variation.
 * @throws ArgumentError for an unknown choice of margins.
 */
export function marginSignature(
  layer: string,
  distances: ArrayLike<number>,
  totalVariation: number,
  margins: SignatureMargins = 'positive',
): LayerSignature {
  const isKnown = margins === 'positive' || margins === 'all';
  check(isKnown, 'marginSignature', 'margins', "to be 'positive' or 'all'", margins);
  const isWanted = (distance: number) => Number.isFinite(distance) && (margins === 'all' || distance > 0);
  const wanted = Array.from(distances).filter(isWanted);
  const root = totalVariation > 0 ? Math.sqrt(totalVariation) : NaN;
  return {layer, margins: wanted.length, ...fiveNumbers(ascending(wanted.map(distance => distance / root)))};
}

/** The features of a net in the order of its layers: five for each. */
export function signatureFeatures(signature: LayerSignature[]): number[] {
  return signature.flatMap(({lowerFence, q1, median, q3, upperFence}) => [
    lowerFence,
    q1,
    median,
    q3,
    upperFence,
  ]);
}
