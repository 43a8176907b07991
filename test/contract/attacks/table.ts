import type {AttackNorm, AttackResult, Classifier, Labels} from '../../../src/index.js';
import {
  apgd,
  autoAttack,
  deepFool,
  fab,
  fgsm,
  ifgsm,
  momentumIfgsm,
  pgd,
  square,
} from '../../../src/index.js';
import type {Tensor} from '@tensorflow/tfjs-core';

/** Any attack, asked for several radii. */
export type AnyAttack = (
  classifier: Classifier,
  x: Tensor,
  labels: Labels,
  options: object & {epsilons: number[]},
) => Promise<AttackResult[]>;

/** An attack under contract: what it is called with beside the common options, so that it is quick. */
export interface Row {
  name: string;
  attack: AnyAttack;
  norms: AttackNorm[];
  options: object;
}

const all: AttackNorm[] = ['linf', 'l2', 'l1'];

/** Every attack of `src/index.ts`: a new one is one more row. */
export const rows: Row[] = [
  {name: 'fgsm', attack: fgsm as AnyAttack, norms: all, options: {}},
  {name: 'ifgsm', attack: ifgsm as AnyAttack, norms: all, options: {steps: 4}},
  {name: 'momentumIfgsm', attack: momentumIfgsm as AnyAttack, norms: all, options: {steps: 4}},
  {name: 'pgd', attack: pgd as AnyAttack, norms: all, options: {steps: 3, restarts: 2, seed: 1}},
  {name: 'apgd', attack: apgd as AnyAttack, norms: ['linf', 'l2'], options: {steps: 5, seed: 1}},
  {name: 'square', attack: square as AnyAttack, norms: ['linf', 'l2'], options: {queries: 30, seed: 1}},
  {name: 'deepFool', attack: deepFool as AnyAttack, norms: ['l2', 'linf'], options: {steps: 6}},
  {name: 'fab', attack: fab as AnyAttack, norms: all, options: {steps: 4, seed: 1}},
  {
    name: 'autoAttack',
    attack: autoAttack as AnyAttack,
    norms: ['linf', 'l2'],
    options: {steps: 4, queries: 10, seed: 1},
  },
];
