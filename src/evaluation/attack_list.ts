import {check} from '../checks.js';
import type {AttackNorm} from '../attacks/attack_types.js';
import type {Classifier} from '../types.js';
import {
  defaultAttacks,
  namedAttacks,
  namedMinimumAttacks,
  type AttackEntry,
  type AttackKind,
  type NamedAttack,
  type ReportAttack,
} from './named_attacks.js';
import type {ResolvedReport} from './report_options.js';

/** An attack that a report is going to run. */
export interface PlannedAttack {
  name: string;
  kind: AttackKind;
  attack: ReportAttack;
  /** Its own, a seed included. */
  options: object;
  /** How many steps it makes, where that is known and can be doubled. */
  steps?: number;
  /** Whether it is the caller's, about whose results nothing is known. */
  isOwn: boolean;
}

type Known = Omit<NamedAttack, 'kind'> & {kind?: AttackKind};

/** The attacks of a report: those that were asked for, or all that fit. */
export function plannedAttacks(
  caller: string,
  {attacks, norm, seed}: ResolvedReport,
  classes: number,
  classifier: Classifier,
): PlannedAttack[] {
  const wanted = attacks ?? defaultAttacks(norm, classes, classifier);
  check(Array.isArray(wanted) && wanted.length > 0, caller, 'attacks', 'to be a list of attacks', attacks);
  return planned(caller, 'attacks', wanted, namedAttacks, norm, seed);
}

/** The attacks of a report that seek the smallest perturbation. */
export function plannedMinimumAttacks(
  caller: string,
  {minimum, norm, seed}: ResolvedReport,
): PlannedAttack[] {
  const wanted = minimum ?? [norm === 'l1' ? 'fab' : 'deepFool'];
  check(Array.isArray(wanted), caller, 'minimum', 'to be a list of attacks', minimum);
  return planned(caller, 'minimum', wanted, namedMinimumAttacks, norm, seed);
}

function planned(
  caller: string,
  argument: string,
  wanted: Array<string | AttackEntry>,
  table: Record<string, Known>,
  norm: AttackNorm,
  seed: number,
): PlannedAttack[] {
  const list = wanted.map(entry => {
    if (typeof entry !== 'string') return ownAttack(caller, argument, entry, seed);
    const isKnown = Object.hasOwn(table, entry);
    const names = Object.keys(table).join(', ');
    check(isKnown, caller, argument, `to be of ${names}, or {name, attack, options}`, entry);
    const {attack, kind = 'iterative', options, norms, steps, takesSeed} = table[entry];
    check(norms.includes(norm), caller, argument, `that know the norm '${norm}'`, entry);
    return {name: entry, kind, attack, options: {...options, ...(takesSeed && {seed})}, steps, isOwn: false};
  });
  const twice = list.find(({name}, i) => list.findIndex(other => other.name === name) < i);
  check(twice === undefined, caller, argument, 'to have names of their own', twice?.name);
  return list;
}

const KINDS: AttackKind[] = ['oneStep', 'iterative', 'blackBox'];

/** Options that are the same for all attacks of a report. */
const REPORTS = ['epsilon', 'epsilons', 'norm', 'bounds', 'batchSize', 'signal', 'onProgress'];

/** What other figures of a report are called, or begin with. */
const RESERVED = /^(clean|noise|worst case)$|^(minimum|probe|transfer):|^transfer from /;

function ownAttack(caller: string, argument: string, entry: AttackEntry, seed: number): PlannedAttack {
  const {name, attack, options = {}, kind = 'iterative'} = entry ?? {};
  const ok = typeof name === 'string' && name !== '' && typeof attack === 'function';
  const isObject = options !== null && typeof options === 'object';
  check(ok && isObject, caller, argument, 'to be names or {name, attack, options}', entry);
  check(!RESERVED.test(name), caller, argument, 'to have names that no other figure has', name);
  check(KINDS.includes(kind), caller, argument, `of a kind of ${KINDS.join(', ')}`, kind);
  const expected = `with no such option for '${name}'`;
  const shared = REPORTS.find(key => key in options);
  check(shared === undefined, caller, argument, expected, shared, 'set it on the report');
  const isAway = !('targeted' in options);
  check(isAway, caller, argument, expected, 'targeted', 'a report leads away from the true class');
  const {steps} = options as {steps?: unknown};
  return {
    ...{name, kind, attack, isOwn: true},
    options: {...(attack.takesSeed && {seed}), ...options},
    ...(typeof steps === 'number' && {steps}),
  };
}
