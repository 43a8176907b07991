import {check, checkKeys, isFiniteNumber} from '../checks.js';
import type {Classifier} from '../types.js';
import {checkSeed, resolveAttackOptions} from '../attacks/attack_options.js';
import type {AttackNorm, AttackProgress} from '../attacks/attack_types.js';
import type {Bounds} from '../attacks/balls.js';
import type {EvaluationState} from './evaluation_state.js';
import {flagChecks, type FlagId} from './flags.js';
import type {AttackEntry, AttackName, MinimumAttackName} from './named_attacks.js';

/** How far a report is, for `onProgress`. */
export interface ReportProgress {
  /** Id of the figure that is being made. */
  figure: string;
  /** Figures that are done, of so many; it falls where no attack uses gradients, whose probes are then left out. */
  done: number;
  of: number;
  /** How far its attack is. */
  attack?: AttackProgress;
}

/** Options of `robustnessReport`. */
export interface RobustnessReportOptions {
  /** Radii, > 0, in units of x. */
  epsilons: number[];
  /** Default 'linf'. */
  norm?: AttackNorm;
  /** Smallest and largest value that an input may have. Default [0, 1]. */
  bounds?: [number, number];
  /**
   * Attacks by name, or others with a name of their own. Default: fgsm and ifgsm (10 steps, the paper's), pgd-ce and
   * pgd-margin (40 steps), pgd-own where the classifier has its own loss, apgd-ce and apgd-dlr (100 steps), square (1,000
   * queries), as far as norm and classes allow.
   */
  attacks?: Array<AttackName | AttackEntry>;
  /** Nets whose adversarial inputs (momentum I-FGSM) are tried on this one, by name. */
  sources?: Record<string, Classifier>;
  /** Standard deviations of Gaussian noise, > 0, in units of x. */
  sigmas?: number[];
  /** Attacks that seek the smallest perturbation. Default ['deepFool'], in l1 ['fab']; []: none. */
  minimum?: Array<MinimumAttackName | AttackEntry>;
  /** Which checks raise flags. Default true: all of them; false: none; a list: these. */
  checks?: boolean | FlagId[];
  /** Seed of all that is random, an integer. Default 0. */
  seed?: number;
  /** How many examples are attacked at once. Default 100. */
  batchSize?: number;
  onProgress?: (progress: ReportProgress) => void;
  /** Ends the evaluation: it then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Where figures that are done are kept, so that an evaluation that was ended goes on from there. */
  state?: EvaluationState;
  /** A text that is the same for the same net only. Default: `classifier.fingerprint`; needed with a state only. */
  fingerprint?: string;
}

/** The options with nothing left to default but the attacks, which depend on the net. */
export interface ResolvedReport extends Omit<RobustnessReportOptions, 'checks' | 'bounds'> {
  norm: AttackNorm;
  bounds: Bounds;
  sources: Record<string, Classifier>;
  sigmas: number[];
  checks: FlagId[];
  seed: number;
  batchSize: number;
}

const OPTIONS = [
  ...['epsilons', 'norm', 'bounds', 'attacks', 'sources', 'sigmas', 'minimum', 'checks', 'seed'],
  ...['batchSize', 'onProgress', 'signal', 'state', 'fingerprint'],
];

/** Checks the options of a report. */
export function resolveReportOptions(caller: string, options: RobustnessReportOptions): ResolvedReport {
  checkKeys(caller, 'options', options, OPTIONS, 'to be an object with epsilons');
  const {sources = {}, sigmas = [], checks = true, seed = 0, state, fingerprint} = options;
  const {norm, bounds, batchSize, onProgress, signal, epsilons} = options;
  checkRadii(caller, 'epsilons', epsilons);
  const takes = {norms: ['linf', 'l2', 'l1'] as AttackNorm[], own: [], targeted: false, minimum: false};
  const shared = {norm, bounds, batchSize, onProgress, signal, epsilons};
  // What it shares with attacks is checked as in an attack; its onProgress is told other things.
  const common = resolveAttackOptions(caller, {...shared, onProgress: undefined}, takes);
  const isFunction = onProgress === undefined || typeof onProgress === 'function';
  check(isFunction, caller, 'onProgress', 'to be a function', onProgress);
  checkRadii(caller, 'sigmas', sigmas);
  checkSources(caller, sources);
  checkSeed(caller, seed);
  const known = Object.keys(flagChecks) as FlagId[];
  const wanted = typeof checks === 'boolean' ? (checks ? known : []) : checks;
  const areKnown = Array.isArray(wanted) && wanted.every(id => known.includes(id));
  check(areKnown, caller, 'checks', `to be true, false or a list of ${known.join(', ')}`, checks);
  const isState =
    state === undefined || (typeof state?.read === 'function' && typeof state.write === 'function');
  check(isState, caller, 'state', 'to have the functions read and write', state);
  const isText = fingerprint === undefined || (typeof fingerprint === 'string' && fingerprint !== '');
  check(isText, caller, 'fingerprint', 'to be a text', fingerprint);
  return {
    ...options,
    ...{norm: common.norm, bounds: common.bounds, batchSize: common.batchSize},
    ...{sources: {...sources}, checks: [...wanted], seed},
    epsilons: ascending(epsilons),
    sigmas: ascending(sigmas),
  };
}

function checkRadii(caller: string, argument: string, values: unknown): void {
  const isList = Array.isArray(values);
  check(isList, caller, argument, 'to be a list of numbers > 0', values);
  const bad = values.findIndex(value => !isFiniteNumber(value) || value <= 0);
  const wayOut = 'what is right without any change is reported anyway';
  check(bad < 0, caller, argument, 'to be finite and > 0', values[bad], wayOut);
}

function checkSources(caller: string, sources: unknown): void {
  const isObject = sources !== null && typeof sources === 'object' && !Array.isArray(sources);
  check(isObject, caller, 'sources', 'to be an object of classifiers by name', sources);
  const bad = Object.entries(sources).find(([, source]) => typeof source !== 'function');
  check(bad === undefined, caller, 'sources', 'to be functions from x to logits', bad?.[0]);
}

/** Each once, the smallest first. */
function ascending(values: number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
