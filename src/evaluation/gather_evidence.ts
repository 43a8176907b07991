import {asLogits} from './as_logits.js';
import {plannedAttacks, plannedMinimumAttacks, type PlannedAttack} from './attack_list.js';
import {attackSubject} from './attack_subject.js';
import {disturbed, transferred} from './black_box_figures.js';
import {judgeClean} from './clean_outcomes.js';
import type {Plain} from './evaluation_state.js';
import {figureOf, minimumFigureOf, type Figure, type MinimumFigure, type Outcomes} from './figure.js';
import type {Evidence, FlagId, Probes} from './flags.js';
import {identityOf, netsOf} from './identity.js';
import {Ledger} from './ledger.js';
import {attackUnbounded, attackWithMoreSteps} from './probe_attacks.js';
import {measureRandomness} from './probe_randomness.js';
import {measureFalseGradients} from './probe_slopes.js';
import type {Classifier} from '../types.js';
import type {ResolvedReport} from './report_options.js';
import {packOutcomes, unpackOutcomes, type StoredOutcomes} from './stored_outcomes.js';
import type {Subject} from './subject.js';
import {worstCases} from './worst_case.js';

/** Makes every figure that a report rests on, one after the other, or takes it from the report's state. */
export async function gatherEvidence(options: ResolvedReport, subject: Subject): Promise<Evidence> {
  const {caller, classifier, classes} = subject;
  const {epsilons, sigmas, sources, checks} = options;
  const attacks = plannedAttacks(caller, options, classes, classifier);
  const smallest = plannedMinimumAttacks(caller, options);
  const ledger = await Ledger.open(caller, options.state, {
    identify: () => identityOf(subject, options, attacks, smallest),
    nets: () => netsOf(subject, options),
  });
  const series = attacks.length + Object.keys(sources).length;
  const figures = 1 + series * epsilons.length + smallest.length + sigmas.length;
  // Whether an attack uses gradients is known when it was made: until then all probes are counted.
  const plan = {of: figures + probesFor(checks, attacks, true).length};
  const maker = makerOf(ledger, options, plan);

  const {areProbabilities, ...found} = await maker(subject, 'clean', judgeClean);
  const clean = figureOf({id: 'clean', name: 'clean', kind: 'clean'}, unpackOutcomes(found));
  const logits = areProbabilities ? {...subject, classifier: asLogits(classifier)} : subject;
  const make: Make = (id, f) => maker(logits, id, f);

  const white = await attackFigures(make, attacks, epsilons);
  const minimum = await minimumFigures(make, smallest, clean);
  const useGradients = [...white, ...minimum].some(({gradients}) => gradients !== undefined);
  const wanted = probesFor(checks, attacks, useGradients);
  plan.of = figures + wanted.length;
  const transfer = await transferFigures(make, sources, epsilons);
  const noise = await noiseFigures(make, sigmas);
  const worstCase = worstCases(clean, epsilons, [...white, ...minimum, ...transfer, ...noise]);
  const probes: Probes = {
    probabilities: areProbabilities ? 1 : 0,
    ...(await takeProbes(make, wanted, attacks, clean, worstCase)),
  };
  return {classes, clean, attacks: white, transfer, noise, minimum, worstCase, probes};
}

/** Gives the figure of an id, made by f where it is not known yet. */
type Make = <T extends Plain>(id: string, f: (subject: Subject) => Promise<T>) => Promise<T>;

function makerOf(ledger: Ledger, {signal, onProgress}: ResolvedReport, plan: {of: number}) {
  let done = 0;
  return async <T extends Plain>(subject: Subject, id: string, f: (subject: Subject) => Promise<T>) => {
    signal?.throwIfAborted();
    const progress = {figure: id, done, of: plan.of};
    onProgress?.(progress);
    const made = await ledger.entry(id, () =>
      f({...subject, onProgress: attack => onProgress?.({...progress, attack})}),
    );
    done++;
    return made;
  };
}

async function attackFigures(make: Make, attacks: PlannedAttack[], epsilons: number[]): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const attack of attacks) {
    // One radius at a time: an attack that knows of smaller ones would never do worse with a larger one.
    for (const epsilon of epsilons) {
      const id = `${attack.name}@${epsilon}`;
      const outcomes = unpackOutcomes(await make(id, part => outcomesOf(part, attack, epsilon)));
      figures.push(figureOf({id, name: attack.name, kind: attack.kind, epsilon}, outcomes));
    }
  }
  return figures;
}

async function minimumFigures(make: Make, attacks: PlannedAttack[], clean: Figure): Promise<MinimumFigure[]> {
  const figures: MinimumFigure[] = [];
  for (const attack of attacks) {
    const stored = await make(`minimum:${attack.name}`, part => outcomesOf(part, attack));
    figures.push(minimumFigureOf(attack.name, clean, unpackOutcomes(stored)));
  }
  return figures;
}

async function transferFigures(
  make: Make,
  sources: Record<string, Classifier>,
  epsilons: number[],
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [name, source] of Object.entries(sources)) {
    for (const epsilon of epsilons) {
      const id = `transfer:${name}@${epsilon}`;
      const outcomes = unpackOutcomes(await make(id, part => transferred(part, source, epsilon)));
      figures.push(figureOf({id, name, kind: 'transfer', epsilon}, outcomes));
    }
  }
  return figures;
}

async function noiseFigures(make: Make, sigmas: number[]): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const sigma of sigmas) {
    const id = `noise@${sigma}`;
    const outcomes = unpackOutcomes(await make(id, part => disturbed(part, sigma)));
    figures.push(figureOf({id, name: 'gaussian noise', kind: 'noise', sigma}, outcomes));
  }
  return figures;
}

async function outcomesOf(
  subject: Subject,
  attack: PlannedAttack,
  epsilon?: number,
): Promise<StoredOutcomes> {
  const {adversarial, ...result} = await attackSubject(subject, attack, epsilon);
  adversarial.dispose();
  return packOutcomes(result, epsilon === undefined);
}

/** The checks that need more than the figures; those of gradients or steps only where an attack uses them. */
function probesFor(checks: FlagId[], attacks: PlannedAttack[], useGradients: boolean): FlagId[] {
  const makeSteps = attacks.some(({steps}) => steps !== undefined);
  const probes: Array<[FlagId, boolean]> = [
    ['randomOutput', true],
    ['falseGradients', useGradients],
    ['moreStepsHelp', makeSteps],
    ['aboveChanceUnbounded', useGradients],
  ];
  return probes.filter(([id, isOfUse]) => isOfUse && checks.includes(id)).map(([id]) => id);
}

async function takeProbes(
  make: Make,
  wanted: FlagId[],
  attacks: PlannedAttack[],
  clean: Outcomes & Figure,
  worstCase: Figure[],
): Promise<Probes> {
  const probes: Probes = {};
  const take = {
    randomOutput: async () => (probes.randomness = await make('probe:randomness', measureRandomness)),
    falseGradients: async () => (probes.falseGradients = await make('probe:slopes', measureFalseGradients)),
    moreStepsHelp: async () =>
      (probes.moreSteps =
        (await make('probe:steps', part => attackWithMoreSteps(part, attacks, clean, worstCase))) ??
        undefined),
    aboveChanceUnbounded: async () => (probes.unbounded = await make('probe:unbounded', attackUnbounded)),
  };
  for (const id of wanted) await take[id as keyof typeof take]();
  return probes;
}
