import {describe, expect, it} from 'vitest';
import {checksMade} from '../../../src/evaluation/checks_made.js';
import {figureOf, type Figure, type FigureKind} from '../../../src/evaluation/figure.js';
import {flagChecks, type Evidence, type FlagId} from '../../../src/evaluation/flags.js';
import {worstCases} from '../../../src/evaluation/worst_case.js';

const all = Object.keys(flagChecks) as FlagId[];
const figure = (kind: FigureKind, epsilon = 0.1, usesGradients = kind !== 'blackBox'): Figure =>
  figureOf(
    {id: `${kind}@${epsilon}`, name: kind, kind, epsilon},
    {success: [false], broken: [false], ...(usesGradients && {gradients: ['sound']})},
  );
const clean = figure('clean', undefined, false);

function made(attacks: Figure[], changes: Partial<Evidence> = {}): FlagId[] {
  const epsilons = [...new Set(attacks.map(({epsilon}) => epsilon!))];
  const worstCase = worstCases(clean, epsilons, attacks);
  const rest = {transfer: [], noise: [], minimum: [], worstCase, probes: {}};
  return checksMade({classes: 3, clean, attacks, ...rest, ...changes}, all);
}
const notMade = (...args: Parameters<typeof made>) => all.filter(id => !made(...args).includes(id));

/** What says something of any figure, without probes. */
const OF_ANY: FlagId[] = ['probabilities', 'nonFiniteLogits', 'noSoundGradients'];
const steps = {fallen: 0, epsilon: 0.1, examples: 1};
const probes = {randomness: 0, falseGradients: 0, unbounded: 0, moreSteps: steps};

describe('checksMade', () => {
  it('are all where there is something for each of them', () => {
    const figures = [figure('oneStep'), figure('iterative'), figure('iterative', 0.2), figure('blackBox')];
    expect(made(figures, {probes})).toEqual(all);
  });

  it('are those that were wanted, in the order of the table', () => {
    const evidence = {classes: 3, clean, attacks: [], transfer: [], noise: [], minimum: [], worstCase: []};
    const wanted: FlagId[] = ['randomOutput', 'nonFiniteLogits', 'moreStepsHelp'];
    expect(checksMade({...evidence, probes}, wanted)).toEqual(
      wanted.sort((a, b) => all.indexOf(a) - all.indexOf(b)),
    );
    expect(checksMade({...evidence, probes}, [])).toEqual([]);
  });

  it('of gradients need a figure with gradients, whatever its kind says', () => {
    expect(made([figure('blackBox')])).toEqual(OF_ANY);
    const ofGradients = ['zeroGradients', 'brokenGradients'];
    expect(made([figure('blackBox', 0.1, true)])).toEqual(expect.arrayContaining(ofGradients));
    expect(notMade([figure('iterative', 0.1, false)])).toEqual(expect.arrayContaining(ofGradients));
  });

  it('that compare need both sides', () => {
    const missing = (...figures: Figure[]) => notMade(figures, {probes});
    expect(missing(figure('oneStep'), figure('blackBox'))).toEqual([
      'oneStepBeatsIterative',
      'moreBudgetHelpsDefender',
    ]);
    expect(missing(figure('iterative'), figure('iterative', 0.2))).toEqual([
      'blackBoxBeatsWhiteBox',
      'oneStepBeatsIterative',
    ]);
    expect(missing(figure('oneStep'), figure('oneStep', 0.2))).toContain('moreBudgetHelpsDefender');
    const noise = [figure('noise', undefined, false)];
    expect(notMade([figure('oneStep')], {probes, noise})).not.toContain('blackBoxBeatsWhiteBox');
  });

  it('of probes need what was measured; steps say nothing of gradients where outputs are random', () => {
    const ofProbes = ['randomOutput', 'falseGradients', 'moreStepsHelp', 'aboveChanceUnbounded'];
    expect(notMade([figure('oneStep')])).toEqual(expect.arrayContaining(ofProbes));
    const random = {...probes, randomness: 0.1};
    expect(notMade([figure('oneStep')], {probes: random})).toContain('falseGradients');
  });
});
