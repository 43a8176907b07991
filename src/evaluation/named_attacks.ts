import {apgd} from '../attacks/apgd.js';
import type {AttackNorm, AttackResult, Labels} from '../attacks/attack_types.js';
import {deepFool} from '../attacks/deepfool.js';
import {fab} from '../attacks/fab.js';
import {fgsm} from '../attacks/fgsm.js';
import {ifgsm} from '../attacks/ifgsm.js';
import {momentumIfgsm} from '../attacks/momentum_ifgsm.js';
import {pgd} from '../attacks/pgd.js';
import {square} from '../attacks/square.js';
import type {Tensor} from '@tensorflow/tfjs-core';
import type {Classifier} from '../types.js';

/** How an attack goes about it; flags compare what is alike. */
export type AttackKind = 'oneStep' | 'iterative' | 'blackBox';

/** Any attack as a report calls it, one epsilon at a time; `Attack` and `MinimumAttack` are such. */
export interface ReportAttack {
  (classifier: Classifier, x: Tensor, labels: Labels, options: never): Promise<AttackResult>;
  /** Whether it gets the report's seed as an option. */
  readonly takesSeed?: boolean;
}

/** An attack with the options that it is to have. */
export interface AttackEntry {
  /** What its figures are called; no two attacks of a report have one name. */
  name: string;
  /** What it finds is clipped to the ball and the bounds, and judged, by the report; so it must lead away from labels. */
  attack: ReportAttack;
  /**
   * Its own options; norm, bounds, epsilon, batchSize, onProgress and signal are the report's, and so is the seed where
   * none is given and `attack.takesSeed`.
   */
  options?: object;
  /** Default: 'iterative'. */
  kind?: AttackKind;
}

/** An attack that a report knows by name. */
export interface NamedAttack extends Required<Omit<AttackEntry, 'name'>> {
  norms: AttackNorm[];
  /** How many steps it makes when it is not told; undefined where more steps are no option. */
  steps?: number;
  takesSeed: boolean;
  /** Fewest classes; 2 for all but the DLR. */
  classes?: number;
  /** Whether it goes against `classifier.ownLoss`. */
  needsOwnLoss?: boolean;
}

const ALL: AttackNorm[] = ['linf', 'l2', 'l1'];
const TWO: AttackNorm[] = ['linf', 'l2'];
const plain = (options: object = {}) => ({options, norms: ALL, takesSeed: false});
const climbing = (loss: string) => ({options: {loss}, norms: ALL, takesSeed: true, steps: 40});
const adaptive = (loss: string) => ({options: {loss}, norms: TWO, takesSeed: true, steps: 100});

/**
 * The attacks that have a name. One loss each, so that a loss whose gradients vanish does not hide behind another: 'own'
 * is flat, and its figure flagged, where an example keeps the whole margin that a net was trained for.
 */
export const namedAttacks = {
  fgsm: {attack: fgsm, kind: 'oneStep', ...plain()},
  ifgsm: {attack: ifgsm, kind: 'iterative', ...plain(), steps: 10},
  'momentum-ifgsm': {attack: momentumIfgsm, kind: 'iterative', ...plain(), steps: 10},
  'pgd-ce': {attack: pgd, kind: 'iterative', ...climbing('crossEntropy')},
  'pgd-margin': {attack: pgd, kind: 'iterative', ...climbing('logitMargin')},
  'pgd-own': {attack: pgd, kind: 'iterative', ...climbing('own'), needsOwnLoss: true},
  'apgd-ce': {attack: apgd, kind: 'iterative', ...adaptive('crossEntropy')},
  'apgd-margin': {attack: apgd, kind: 'iterative', ...adaptive('logitMargin')},
  'apgd-dlr': {attack: apgd, kind: 'iterative', ...adaptive('dlr'), classes: 3},
  square: {attack: square, kind: 'blackBox', options: {queries: 1000}, norms: TWO, takesSeed: true},
} satisfies Record<string, NamedAttack>;

export type AttackName = keyof typeof namedAttacks;

/** The attacks that seek the smallest perturbation. */
export const namedMinimumAttacks = {
  deepFool: {attack: deepFool, options: {}, norms: TWO, takesSeed: false},
  fab: {attack: fab, options: {}, norms: ALL, takesSeed: true},
} satisfies Record<string, Omit<NamedAttack, 'kind'>>;

export type MinimumAttackName = keyof typeof namedMinimumAttacks;

const DEFAULT: AttackName[] = [
  ...(['fgsm', 'ifgsm', 'pgd-ce', 'pgd-margin', 'pgd-own'] as const),
  ...(['apgd-ce', 'apgd-dlr', 'square'] as const),
];

/** The attacks of a report that was not told any: those that there are for this norm and this net. */
export function defaultAttacks(norm: AttackNorm, classes: number, classifier: Classifier): AttackName[] {
  return DEFAULT.filter(name => {
    const {norms, classes: least = 2, needsOwnLoss}: NamedAttack = namedAttacks[name];
    return norms.includes(norm) && classes >= least && (!needsOwnLoss || classifier.ownLoss !== undefined);
  }).map(name => name);
}
