import type {AttackNorm, GradientHealth} from '../attacks/attack_types.js';
import type {Bounds} from '../attacks/balls.js';
import type {Flag, FlagId} from './flags.js';
import {ascending, quantile} from './quantiles.js';

/** How a figure came about. */
export type FigureKind =
  'clean' | 'oneStep' | 'iterative' | 'blackBox' | 'transfer' | 'noise' | 'minimum' | 'worstCase';

/** What is known of each example after one attack. */
export interface Outcomes {
  /** Whether its class is wrong. */
  success: boolean[];
  /** Whether NaN or Infinity is among its logits: neither robust nor beaten. */
  broken: boolean[];
  /** What the attack's gradients were like; undefined for attacks that use none. */
  gradients?: GradientHealth[];
  /** Norm of the perturbation, where no epsilon says how large it may be. */
  distance?: number[];
  /** Of a transfer: whether NaN or Infinity is among the source's logits, which says nothing of the net itself. */
  sourceBroken?: boolean[];
}

/** One number of a report, with all that it rests on. */
export interface Figure extends Outcomes {
  /** `pgd-ce@0.1`: what `Flag.figure` names. */
  id: string;
  /** The attack, the source net of a transfer, 'clean', 'gaussian noise' or 'worst case'. */
  name: string;
  kind: FigureKind;
  epsilon?: number;
  sigma?: number;
  /** Share of all examples whose class is right; broken ones are not. */
  accuracy: number;
  /** Shares of all examples by what their gradients were like. */
  gradientHealth?: {zero: number; nan: number; infinite: number};
  /** Whether no flag concerns it. */
  reliable: boolean;
  /** Why it is not. */
  reasons: string[];
}

/** How far examples are from another class, as an attack found it that seeks the smallest perturbation. */
export interface MinimumFigure extends Figure {
  distance: number[];
  /**
   * The distances that so large a share of the examples does not exceed: 0 for those that are wrong already, Infinity
   * where none was found.
   */
  quantiles: Array<{share: number; distance: number}>;
}

/** What `robustnessReport` gives: plain data, which JSON keeps but for Infinity. */
export interface RobustnessReport {
  norm: AttackNorm;
  bounds: Bounds;
  /** Ascending. */
  epsilons: number[];
  examples: number;
  classes: number;
  clean: Figure;
  /** One for each attack and epsilon. */
  attacks: Figure[];
  /** One for each source net and epsilon. */
  transfer: Figure[];
  /** One for each sigma. */
  noise: Figure[];
  /** One for each attack that seeks the smallest perturbation. */
  minimum: MinimumFigure[];
  /** For each epsilon what is left when every example meets the attack that is worst for it. */
  worstCase: Figure[];
  /** The checks that were made: of those that were wanted the ones for which there was something to look at. */
  checks: FlagId[];
  flags: Flag[];
}

/** Whether each example's class is right. */
export function standing({success, broken}: Pick<Outcomes, 'success' | 'broken'>): boolean[] {
  return success.map((isWrong, i) => !isWrong && !broken[i]);
}

/** The share of true values; of none 0. */
export function shareOf(flags: boolean[]): number {
  return flags.length === 0 ? 0 : flags.filter(Boolean).length / flags.length;
}

/** A figure from what is known of each example; flags come later. */
export function figureOf(
  what: Pick<Figure, 'id' | 'name' | 'kind' | 'epsilon' | 'sigma'>,
  outcomes: Outcomes,
): Figure {
  const share = (health: GradientHealth) => shareOf(outcomes.gradients!.map(state => state === health));
  const gradientHealth = outcomes.gradients && {
    zero: share('zero'),
    nan: share('nan'),
    infinite: share('infinite'),
  };
  return {
    ...what,
    accuracy: shareOf(standing(outcomes)),
    ...outcomes,
    ...(gradientHealth && {gradientHealth}),
    reliable: true,
    reasons: [],
  };
}

const SHARES = [0.05, 0.25, 0.5, 0.75, 0.95];

/** The figure of an attack that seeks the smallest perturbation. */
export function minimumFigureOf(name: string, clean: Outcomes, outcomes: Outcomes): MinimumFigure {
  const found = outcomes.success.map((success, i) => {
    if (clean.success[i]) return 0;
    return success ? outcomes.distance![i] : Infinity;
  });
  const sorted = ascending(found);
  const quantiles = SHARES.map(share => ({share, distance: quantile(sorted, share)}));
  const figure = figureOf({id: `minimum:${name}`, name, kind: 'minimum'}, {...outcomes, distance: found});
  return {...figure, distance: found, quantiles};
}
