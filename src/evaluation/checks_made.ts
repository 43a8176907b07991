import {flagChecks, type Evidence, type FlagId} from './flags.js';
import {isRandom} from './flags_of_probes.js';

/** The checks, of those that were wanted, that the evidence has something to say about, in the order of the table. */
export function checksMade(evidence: Evidence, wanted: FlagId[]): FlagId[] {
  const ids = Object.keys(flagChecks) as FlagId[];
  return ids.filter(id => wanted.includes(id) && canBeMade[id](evidence));
}

const always = () => true;
const usesGradients = ({attacks, minimum}: Evidence) => [...attacks, ...minimum].some(f => f.gradients);
const isBlind = ({attacks, transfer, noise}: Evidence) =>
  transfer.length + noise.length > 0 || attacks.some(f => !f.gradients);

/** Whether there is what a check looks at, or compares. */
const canBeMade: Record<FlagId, (evidence: Evidence) => boolean> = {
  probabilities: always,
  nonFiniteLogits: always,
  randomOutput: ({probes}) => probes.randomness !== undefined,
  falseGradients: ({probes}) => probes.falseGradients !== undefined && !isRandom(probes),
  zeroGradients: usesGradients,
  brokenGradients: usesGradients,
  noSoundGradients: always,
  blackBoxBeatsWhiteBox: evidence => usesGradients(evidence) && isBlind(evidence),
  oneStepBeatsIterative: ({attacks}) =>
    ['oneStep', 'iterative'].every(wanted => attacks.some(({kind}) => kind === wanted)),
  moreBudgetHelpsDefender: ({attacks, worstCase}) =>
    worstCase.length > 1 && attacks.some(({kind}) => kind !== 'oneStep'),
  moreStepsHelp: ({probes}) => probes.moreSteps !== undefined,
  aboveChanceUnbounded: ({probes}) => probes.unbounded !== undefined,
};
