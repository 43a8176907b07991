import type {Figure, MinimumFigure} from './figure.js';
import {
  blackBoxBeatsWhiteBox,
  moreBudgetHelpsDefender,
  oneStepBeatsIterative,
} from './flags_of_comparisons.js';
import {brokenGradients, noSoundGradients, nonFiniteLogits, zeroGradients} from './flags_of_figures.js';
import {
  aboveChanceUnbounded,
  falseGradients,
  moreStepsHelp,
  probabilities,
  randomOutput,
} from './flags_of_probes.js';

/** Something that says that a figure should not be believed. */
export interface Flag {
  id: FlagId;
  /**
   * The figure that it concerns, by its id; 'all' of them, all of the 'white box' (attacks that use gradients, smallest
   * perturbations and the worst case), or the 'worst case' at every epsilon.
   */
  figure: string;
  /** A sentence. */
  reason: string;
  /** What was measured; above `bound` it is a flag. */
  value: number;
  bound: number;
}

/** What flags are raised on. */
export interface Evidence {
  classes: number;
  clean: Figure;
  attacks: Figure[];
  transfer: Figure[];
  noise: Figure[];
  minimum: MinimumFigure[];
  worstCase: Figure[];
  probes: Probes;
}

/** What was measured beside the figures; undefined: it was not. */
export interface Probes {
  /** 1 where all outputs are probabilities, else 0. */
  probabilities?: number;
  /** Largest difference of a logit between evaluations of the same input, as a share of the example's largest logit. */
  randomness?: number;
  /** Share of examples whose gradient says another thing than steps into random directions. */
  falseGradients?: number;
  /** Accuracy under an attack that may change everything within the bounds. */
  unbounded?: number;
  /** Share, of so many examples, that stood in the worst case at `epsilon` and fell to attacks of twice the steps; undefined: none made more. */
  moreSteps?: {fallen: number; epsilon: number; examples: number};
}

/** Every check, in the order in which flags are listed. */
export const flagChecks = {
  probabilities,
  nonFiniteLogits,
  randomOutput,
  falseGradients,
  zeroGradients,
  brokenGradients,
  noSoundGradients,
  blackBoxBeatsWhiteBox,
  oneStepBeatsIterative,
  moreBudgetHelpsDefender,
  moreStepsHelp,
  aboveChanceUnbounded,
} satisfies Record<string, (evidence: Evidence) => Flag[]>;

export type FlagId = keyof typeof flagChecks;

/** All flags of these checks. */
export function raiseFlags(evidence: Evidence, checks: FlagId[]): Flag[] {
  const ids = Object.keys(flagChecks) as FlagId[];
  return ids.filter(id => checks.includes(id)).flatMap(id => flagChecks[id](evidence));
}

/** The figure with the reasons of all flags that concern it. */
export function withReasons<F extends Figure>(figure: F, flags: Flag[]): F {
  const reasons = flags.filter(flag => concerns(flag.figure, figure)).map(({reason}) => reason);
  return {...figure, reliable: reasons.length === 0, reasons};
}

function concerns(named: string, {id, kind, gradients}: Figure): boolean {
  if (named === 'white box') return gradients !== undefined || kind === 'minimum' || kind === 'worstCase';
  if (named === 'worst case') return kind === 'worstCase';
  return named === 'all' || named === id;
}
