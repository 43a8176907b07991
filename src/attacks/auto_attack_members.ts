import type {Tensor} from '@tensorflow/tfjs-core';
import {stepSeed} from '../random.js';
import {runApgd} from './apgd.js';
import type {AttackLoss} from './attack_types.js';
import {resolveFab, runFab} from './fab.js';
import type {Search} from './search.js';
import {resolveSquare, runSquare} from './square.js';

/** One of the attacks that `autoAttack` can be made of. */
export type AutoAttackMember = 'apgdCrossEntropy' | 'apgdDlr' | 'apgdTargeted' | 'fab' | 'square';

/** What the members run with. */
export interface MemberSettings {
  /** Of APGD and FAB. */
  steps: number;
  /** Of Square. */
  queries: number;
  seed: number;
}

interface Member {
  /** The smallest number of classes with which it is what its name says. */
  classes: number;
  run(search: Search, settings: MemberSettings): Promise<Tensor>;
}

/** Rival classes that examples are led to, one after the other. */
const TARGETS = 9;

/** Every member, as strong as in AutoAttack's standard version (Croce and Hein 2020, section 5). */
export const members: Record<AutoAttackMember, Member> = {
  apgdCrossEntropy: {classes: 2, run: climbing('crossEntropy', 0)},
  apgdDlr: {classes: 3, run: climbing('dlr', 1)},
  apgdTargeted: {
    classes: 4,
    run(search, settings) {
      // Of three logits there is no fourth for the targeted DLR to divide by; the margin has the same sign.
      const loss = search.task.classes < 4 ? 'logitMargin' : 'dlr';
      return climbing(loss, 2, rivals(search))(search, settings);
    },
  },
  fab: {
    classes: 2,
    run: (search, {steps, seed}) =>
      runFab(
        search,
        resolveFab(search.task.caller, {steps, targets: rivals(search), seed: stepSeed(seed, 3)}),
      ),
  },
  square: {
    classes: 2,
    run: (search, {queries, seed}) =>
      runSquare(search, resolveSquare(search.task.caller, {queries, seed: stepSeed(seed, 4)})),
  },
};

/** The standard set, in its order. */
export const standardSet: AutoAttackMember[] = ['apgdCrossEntropy', 'apgdTargeted', 'fab', 'square'];

/** APGD with one start for each target; `stream` tells its random numbers from those of other members. */
function climbing(loss: AttackLoss, stream: number, targets = 0): Member['run'] {
  return (search, {steps, seed}) =>
    runApgd(search, {losses: [loss], steps, restarts: 1, targets, seed: stepSeed(seed, stream)});
}

function rivals({task}: Search): number {
  return Math.min(TARGETS, task.classes - 1);
}
