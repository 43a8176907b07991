import type {Evidence, Flag, Probes} from './flags.js';
import {flagAbove, orOneOf, percent} from './flags_of_figures.js';

/** Outputs that are probabilities: the report takes their logarithm, which has lost what a softmax rounds to 0 or 1. */
export function probabilities({probes}: Pick<Evidence, 'probes'>): Flag[] {
  const reason =
    'the classifier returns probabilities, which round to 0 and 1 and hide gradients; make it with toClassifier(model)';
  return flagAbove('probabilities', 'white box', probes.probabilities ?? 0, 0, reason);
}

/** The largest difference between evaluations of one input that rounding may make, as in AutoAttack's check. */
const SAME = 1e-4;

/** Outputs that change from one evaluation to the next. */
export function randomOutput({probes}: Pick<Evidence, 'probes'>): Flag[] {
  const value = probes.randomness ?? 0;
  const reason = `logits of one input differ by ${percent(value)} from one evaluation to the next`;
  return flagAbove('randomOutput', 'all', value, SAME, reason);
}

/** Whether outputs change from one evaluation to the next by more than rounding makes. */
export function isRandom({randomness = 0}: Probes): boolean {
  return randomness > SAME;
}

/** The share of examples near a kink, for which gradient and steps may disagree in a sound net. */
const KINKS = 0.1;

/** Gradients that are not the slopes of the function: quantised inputs, steps, and whatever else shatters them. */
export function falseGradients({probes}: Pick<Evidence, 'probes'>): Flag[] {
  // Steps say nothing of a function that is another one each time.
  const value = isRandom(probes) ? 0 : (probes.falseGradients ?? 0);
  const reason = `for ${percent(value)} of the examples the gradient is not the slope found by small steps`;
  return flagAbove('falseGradients', 'white box', value, KINKS, reason);
}

/** Half a point, by which twice the steps may lower the worst case. */
const HALF_A_POINT = 0.005;

/** A worst case that falls when the steps are doubled: the attacks had not ended. */
export function moreStepsHelp({probes}: Pick<Evidence, 'probes'>): Flag[] {
  const {fallen, epsilon, examples} = probes.moreSteps ?? {fallen: 0, epsilon: NaN, examples: 1};
  const reason = `twice the steps beat ${percent(fallen)} of the examples more (epsilon ${epsilon})`;
  return flagAbove('moreStepsHelp', 'worst case', fallen, orOneOf(examples, HALF_A_POINT), reason);
}

/** An attack that may change everything and leaves more right than guessing, and a point for rounding. */
export function aboveChanceUnbounded({probes, classes}: Pick<Evidence, 'probes' | 'classes'>): Flag[] {
  const value = probes.unbounded ?? 0;
  const reason = `${percent(value)} of the examples stand when anything within the bounds may be changed`;
  return flagAbove('aboveChanceUnbounded', 'white box', value, 1 / classes + 0.01, reason);
}
