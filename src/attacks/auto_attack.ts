import {keep, type Tensor} from '@tensorflow/tfjs-core';
import {check} from '../checks.js';
import type {Classifier} from '../types.js';
import {checkCount, checkSeed} from './attack_options.js';
import type {AttackResult, CommonAttackOptions, Labels, OneEpsilon, SeveralEpsilons} from './attack_types.js';
import {members, standardSet, type AutoAttackMember, type MemberSettings} from './auto_attack_members.js';
import {defineAttack} from './define_attack.js';
import {clipAndJudge, type Outcome} from './judge.js';
import {replaceRows} from './rows.js';
import type {Search} from './search.js';

/** Options of `autoAttack`; there are no targets from outside. */
export interface AutoAttackOptions extends Omit<CommonAttackOptions, 'targeted'> {
  /** Which attacks, in this order. Default: the standard set, ['apgdCrossEntropy', 'apgdTargeted', 'fab', 'square']. */
  attacks?: AutoAttackMember[];
  /** Name of the set, where `attacks` is left out; there is 'standard' only. */
  version?: 'standard';
  /** Number of steps of APGD and of FAB. Default 100. */
  steps?: number;
  /** Number of queries of Square. Default 5000. */
  queries?: number;
  /** Seed of all that is drawn, an integer. Default 0. */
  seed?: number;
}

/** What `autoAttack` found, and by which attack. */
export interface AutoAttackResult extends AttackResult {
  /** The first attack that made an example's class wrong; undefined where it stands, or was wrong without any. */
  beatenBy: Array<AutoAttackMember | undefined>;
}

/** `autoAttack` for one radius or several. */
export interface AutoAttack {
  (
    classifier: Classifier,
    x: Tensor,
    labels: Labels,
    options: AutoAttackOptions & OneEpsilon,
  ): Promise<AutoAttackResult>;
  (
    classifier: Classifier,
    x: Tensor,
    labels: Labels,
    options: AutoAttackOptions & SeveralEpsilons,
  ): Promise<AutoAttackResult[]>;
  takesSeed?: boolean;
}

interface ResolvedAutoAttack extends MemberSettings {
  attacks: AutoAttackMember[];
  /** Whether the caller asked for these by name. */
  areNamed: boolean;
}

/**
 * Attacks by a set of attacks that need no tuning, AutoAttack's standard set (Croce and Hein 2020, "Reliable evaluation
 * of adversarial robustness with an ensemble of diverse parameter-free attacks"), and gives each example's worst case:
 * APGD with cross-entropy; APGD with the targeted DLR for the 9 strongest rivals; FAB for the same rivals; Square, which
 * asks for logits only. Each attack gets the examples that all before it left standing.
 *
 * For nets of fewer than ten classes there is a target for each rival; for fewer than four the standard set's targeted
 * APGD climbs the logit margin, since the targeted DLR needs four logits. An example whose logits become NaN or Infinity
 * on the way is `broken`, and attacked no more.
 *
 * @param classifier From x to logits; see `toClassifier`.
 * @param x [examples, ...], float32, inside the bounds.
 * @param labels True classes: one-hot [examples, classes] or indices [examples].
 * @param options `epsilon` or `epsilons`, in units of x, and AutoAttackOptions; norm 'linf' or 'l2'.
 * @returns One result, or one for each of the epsilons; the caller disposes of `adversarial`.
 * @throws ArgumentError for bad arguments, for a classifier that returns probabilities, and for an attack asked for by
 *     name that needs more classes.
 * @example
 * const {success, beatenBy} = await autoAttack(toClassifier(model), x, labels, {epsilon: 8 / 255});
 */
export const autoAttack: AutoAttack = Object.assign(attackBySet, {takesSeed: true}) as AutoAttack;

async function attackBySet(
  classifier: Classifier,
  x: Tensor,
  labels: Labels,
  options: AutoAttackOptions & OneEpsilon,
) {
  const foundBy = new Map<number, AutoAttackMember>();
  const attack = defineAttack<AutoAttackOptions, ResolvedAutoAttack>({
    name: 'autoAttack',
    norms: ['linf', 'l2'],
    options: ['attacks', 'version', 'steps', 'queries', 'seed'],
    attacks: 'standing',
    usesGradients: true,
    canTarget: false,
    resolve: resolveAutoAttack,
    run: (search, resolved) => runMembers(search, resolved, foundBy),
  });
  const withNames = (result: AttackResult): AutoAttackResult => ({
    ...result,
    beatenBy: result.success.map((success, i) => (success ? foundBy.get(i) : undefined)),
  });
  // One result or several, as the options say.
  const results = (await attack(classifier, x, labels, options)) as AttackResult | AttackResult[];
  return Array.isArray(results) ? results.map(withNames) : withNames(results);
}

/** Checks the options that are autoAttack's own. */
export function resolveAutoAttack(
  caller: string,
  {attacks, version, steps = 100, queries = 5000, seed = 0}: AutoAttackOptions,
): ResolvedAutoAttack {
  const names = Object.keys(members);
  const known = names.map(name => `'${name}'`).join(', ');
  const areKnown =
    attacks === undefined || (Array.isArray(attacks) && attacks.every(name => names.includes(name)));
  const areSome = attacks === undefined || (areKnown && attacks.length > 0);
  check(areSome, caller, 'attacks', `to be a list of ${known}`, attacks);
  const areOnce = attacks === undefined || new Set(attacks).size === attacks.length;
  check(areOnce, caller, 'attacks', 'to name each attack once', attacks);
  check(version === undefined || version === 'standard', caller, 'version', "to be 'standard'", version);
  const isEither = version === undefined || attacks === undefined;
  check(isEither, caller, 'version', 'or attacks to be given, not both', version);
  checkCount(caller, 'steps', steps);
  checkCount(caller, 'queries', queries);
  checkSeed(caller, seed);
  return {attacks: attacks ?? standardSet, areNamed: attacks !== undefined, steps, queries, seed};
}

/** One attack after the other, each on what the others left standing once all was clipped and judged. */
async function runMembers(
  search: Search,
  {attacks, areNamed, ...settings}: ResolvedAutoAttack,
  foundBy: Map<number, AutoAttackMember>,
): Promise<Tensor> {
  if (areNamed) attacks.forEach(name => checkClasses(search, name));
  let adversarial = keep(search.x.clone());
  let standing = search.examples.map((_, i) => i);
  try {
    for (const name of attacks) {
      if (standing.length === 0) break;
      const part = search.among(standing);
      try {
        const judged = await outcomesOf(part, await members[name].run(part, settings));
        const before = adversarial;
        adversarial = keep(replaceRows(before, standing, judged.adversarial));
        before.dispose();
        part.examples.forEach(example => foundBy.set(example, name));
        standing = standing.filter((_, i) => !judged.outcomes[i].success && !judged.outcomes[i].broken);
      } finally {
        part.dispose();
      }
    }
    return adversarial;
  } catch (error) {
    adversarial.dispose();
    throw error;
  }
}

/** Clips to the ball and judges what an attack found, which is taken over. */
async function outcomesOf(
  search: Search,
  found: Tensor,
): Promise<{adversarial: Tensor; outcomes: Outcome[]}> {
  keep(found);
  try {
    const all = search.examples.map((_, i) => i);
    const outcomes = all.map(() => ({success: false, broken: false, distance: 0}));
    const x = (await search.x.data()) as Float32Array;
    return await clipAndJudge(search, found, all, {adversarial: search.x, outcomes}, x, search.task.epsilon);
  } finally {
    found.dispose();
  }
}

function checkClasses({task}: Search, name: AutoAttackMember): void {
  const {classes} = members[name];
  const wayOut = 'leave attacks out: the standard set does without the DLR where it must';
  const expected = `other than '${name}' for a net of ${task.classes} classes (it needs ${classes})`;
  check(task.classes >= classes, task.caller, 'attacks', expected, name, wayOut);
}
