import type {GradientHealth} from '../attacks/attack_types.js';
import {shareOf, standing, type Figure} from './figure.js';
import type {Evidence, Flag, FlagId} from './flags.js';

/**
 * A share of examples that makes no difference, 0.2 points as in AutoAttack's checks: so much a figure can be wrong by
 * when so many examples that stand were not attacked with a gradient.
 */
export const SMALL_SHARE = 0.002;

/**
 * Logits that are NaN or infinite: such examples count as not robust, at whichever figure. Those of a transfer's source
 * count for nothing, but the figure is then one of an attack that could not do its work.
 */
export function nonFiniteLogits(evidence: Evidence): Flag[] {
  return [...figuresOf(evidence), ...evidence.worstCase].flatMap(figure => {
    const [value, ofSource] = [figure.broken, figure.sourceBroken ?? []].map(shareOf);
    const reason = `${percent(value)} of the examples have NaN or Infinity among their logits and count as not robust`;
    const why = `the source has NaN or Infinity among its logits for ${percent(ofSource)} of the examples`;
    return [
      ...flagAbove('nonFiniteLogits', figure.id, value, 0, reason),
      ...flagAbove('nonFiniteLogits', figure.id, ofSource, 0, why),
    ];
  });
}

/** Examples that stand, and whose gradient was exactly 0 where the attack began. */
export function zeroGradients(evidence: Evidence): Flag[] {
  return figuresOf(evidence).flatMap(figure => {
    const value = shareWith(figure, ['zero']);
    const reason = `${percent(value)} of the examples stand because their gradient is 0`;
    return flagAbove('zeroGradients', figure.id, value, SMALL_SHARE, reason);
  });
}

/** Examples that stand, and among whose gradient was NaN or Infinity. */
export function brokenGradients(evidence: Evidence): Flag[] {
  return figuresOf(evidence).flatMap(figure => {
    const value = shareWith(figure, ['nan', 'infinite']);
    const reason = `${percent(value)} of the examples stand with NaN or Infinity in their gradient`;
    return flagAbove('brokenGradients', figure.id, value, 0, reason);
  });
}

/** Examples that stand in the worst case although no attack had a sound gradient to go by. */
export function noSoundGradients({attacks, minimum, worstCase}: Evidence): Flag[] {
  return worstCase.flatMap(figure => {
    const within = [...attacks, ...minimum].filter(
      ({gradients, epsilon}) => gradients && (epsilon === undefined || epsilon === figure.epsilon),
    );
    const isUnproven = standing(figure).map(
      (stands, i) => stands && !within.some(({gradients}) => gradients![i] === 'sound'),
    );
    const value = shareOf(isUnproven);
    const why = within.length === 0 ? 'no attack used gradients' : 'no attack had a sound gradient';
    const reason = `${percent(value)} of the examples stand where ${why}`;
    return flagAbove('noSoundGradients', figure.id, value, SMALL_SHARE, reason);
  });
}

/** A flag where the value is above the bound, or is NaN. */
export function flagAbove(id: FlagId, figure: string, value: number, bound: number, reason: string): Flag[] {
  return value <= bound ? [] : [{id, figure, reason, value, bound}];
}

/** The bound of a comparison: of few examples one alone, which an attack may miss by chance, is no flag. */
export function orOneOf(examples: number, bound: number): number {
  return Math.max(bound, 1 / examples);
}

/** A share for people to read. */
export function percent(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`;
}

function shareWith(figure: Figure, health: GradientHealth[]): number {
  const {gradients} = figure;
  return gradients
    ? shareOf(standing(figure).map((stands, i) => stands && health.includes(gradients[i])))
    : 0;
}

function figuresOf({clean, attacks, transfer, noise, minimum}: Evidence): Figure[] {
  return [clean, ...attacks, ...transfer, ...noise, ...minimum];
}
