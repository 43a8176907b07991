import {shareOf, standing, type Figure} from './figure.js';
import type {Evidence, Flag} from './flags.js';
import {flagAbove, orOneOf, percent, SMALL_SHARE} from './flags_of_figures.js';
import {union, worstCaseId} from './worst_case.js';

/** Examples that stand against all attacks with gradients and fall to one without: gradients hide something. */
export function blackBoxBeatsWhiteBox({
  clean,
  attacks,
  transfer,
  noise,
  minimum,
  worstCase,
}: Evidence): Flag[] {
  const whiteBox = [...attacks, ...minimum].filter(({gradients}) => gradients);
  if (whiteBox.length === 0) return [];
  const blackBox = [...attacks, ...transfer, ...noise].filter(({gradients}) => !gradients);
  return worstCase.flatMap(({epsilon = Infinity}) => {
    const before = union(clean, whiteBox, epsilon);
    const after = standing(union(before, blackBox, epsilon));
    const value = shareOf(standing(before).map((stands, i) => stands && !after[i]));
    const reason = `${percent(value)} of the examples stand against all attacks with gradients and fall without`;
    const bound = orOneOf(after.length, SMALL_SHARE);
    return flagAbove('blackBoxBeatsWhiteBox', worstCaseId(epsilon), value, bound, reason);
  });
}

/** An attack of many steps that clearly beats fewer examples than one of a single step. */
export function oneStepBeatsIterative({attacks}: Evidence): Flag[] {
  const oneSteps = attacks.filter(({kind}) => kind === 'oneStep');
  return attacks.flatMap(figure => {
    if (figure.kind !== 'iterative') return [];
    const same = oneSteps.filter(({epsilon}) => epsilon === figure.epsilon);
    const lead = Math.max(0, ...same.map(oneStep => clearLead(oneStep, figure)));
    const reason = `an attack of one step beats ${percent(lead)} of the examples more`;
    return flagAbove('oneStepBeatsIterative', figure.id, lead, SMALL_SHARE, reason);
  });
}

/**
 * An attack that clearly beats more examples with a smaller epsilon than with a larger one. Attacks of one step are left
 * out: they jump over what is near, so that their curves rise for nets of all kinds.
 */
export function moreBudgetHelpsDefender({attacks}: Evidence): Flag[] {
  return attacks.flatMap(figure => {
    if (figure.kind === 'oneStep') return [];
    const smaller = attacks.filter(other => other.name === figure.name && other.epsilon! < figure.epsilon!);
    const lead = Math.max(0, ...smaller.map(other => clearLead(other, figure)));
    const reason = `a smaller epsilon beats ${percent(lead)} of the examples more`;
    return flagAbove('moreBudgetHelpsDefender', figure.id, lead, SMALL_SHARE, reason);
  });
}

/**
 * The share of examples by which one attack beats more than another; 0 while it is within two standard deviations of
 * chance (a sign test on the examples that only one of them beats).
 */
export function clearLead(one: Figure, other: Figure): number {
  const [ofOne, ofOther] = [standing(one), standing(other)];
  const onlyOne = ofOne.filter((stands, i) => !stands && ofOther[i]).length;
  const onlyOther = ofOne.filter((stands, i) => stands && !ofOther[i]).length;
  const lead = onlyOne - onlyOther;
  return lead > 2 * Math.sqrt(onlyOne + onlyOther) ? lead / ofOne.length : 0;
}
