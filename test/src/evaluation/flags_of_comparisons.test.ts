import {describe, expect, it} from 'vitest';
import {figureOf, minimumFigureOf, type Figure, type FigureKind} from '../../../src/evaluation/figure.js';
import {
  blackBoxBeatsWhiteBox,
  clearLead,
  moreBudgetHelpsDefender,
  oneStepBeatsIterative,
} from '../../../src/evaluation/flags_of_comparisons.js';
import {worstCases} from '../../../src/evaluation/worst_case.js';

const SIZE = 1000;
const none = Array<boolean>(SIZE).fill(false);
/** True for the examples from one place to another. */
const range = (from: number, to: number) => none.map((_, i) => i >= from && i < to);
const clean = figureOf({id: 'clean', name: 'clean', kind: 'clean'}, {success: none, broken: none});

function attack(kind: FigureKind, success: boolean[], epsilon: number | undefined = 0.1, rest = {}): Figure {
  const gradients = ['oneStep', 'iterative'].includes(kind) ? none.map(() => 'sound' as const) : undefined;
  const what = {id: `${kind}@${epsilon}`, name: kind, kind, epsilon};
  return figureOf(what, {success, broken: none, ...(gradients && {gradients}), ...rest});
}

function evidence(attacks: Figure[], rest: {noise?: Figure[]; transfer?: Figure[]} = {}) {
  const all = {classes: 10, clean, attacks, transfer: [], noise: [], minimum: [], probes: {}, ...rest};
  const worstCase = worstCases(clean, [0.1], [...all.attacks, ...all.transfer, ...all.noise]);
  return {...all, worstCase};
}

describe('blackBoxBeatsWhiteBox', () => {
  const white = attack('iterative', range(0, 500));

  it('flags a worst case in which more than 0.2 points fall to attacks without gradients alone', () => {
    expect(blackBoxBeatsWhiteBox(evidence([white, attack('blackBox', range(0, 502))]))).toEqual([]);
    const flags = blackBoxBeatsWhiteBox(evidence([white, attack('blackBox', range(0, 503))]));
    expect(flags).toMatchObject([{figure: 'worst case@0.1', value: 0.003, bound: 0.002}]);
  });

  it('counts transfer, and noise that stayed within epsilon', () => {
    const transfer = [attack('transfer', range(500, 510))];
    expect(blackBoxBeatsWhiteBox(evidence([white], {transfer}))).toMatchObject([{value: 0.01}]);
    const distance = none.map((_, i) => (i < 504 ? 0.09 : 0.11));
    const noise = [{...attack('noise', range(500, 510)), epsilon: undefined, distance}];
    expect(blackBoxBeatsWhiteBox(evidence([white], {noise}))).toMatchObject([{value: 0.004}]);
  });

  it('counts smallest perturbations as attacks with gradients', () => {
    const found = {success: range(0, 503), broken: none, distance: none.map(() => 0.05)};
    const gradients = none.map(() => 'sound' as const);
    const minimum = [minimumFigureOf('deepFool', clean, {...found, gradients})];
    const all = evidence([white, attack('blackBox', range(0, 503))]);
    expect(blackBoxBeatsWhiteBox({...all, minimum})).toEqual([]);
  });

  it('says nothing where there is no white box to beat', () => {
    expect(blackBoxBeatsWhiteBox(evidence([attack('blackBox', range(0, 503))]))).toEqual([]);
  });
});

describe('oneStepBeatsIterative', () => {
  it('flags an attack of many steps that clearly beats fewer examples than one step', () => {
    const flags = oneStepBeatsIterative(
      evidence([attack('oneStep', range(0, 120)), attack('iterative', range(0, 100))]),
    );
    expect(flags).toMatchObject([{id: 'oneStepBeatsIterative', figure: 'iterative@0.1', value: 0.02}]);
    expect(flags[0].reason).toContain('2 %');
  });

  it('compares at the same epsilon only', () => {
    const figures = [attack('oneStep', range(0, 120), 0.2), attack('iterative', range(0, 100))];
    expect(oneStepBeatsIterative(evidence(figures))).toEqual([]);
  });
});

describe('moreBudgetHelpsDefender', () => {
  it('flags the larger epsilon that clearly beats fewer examples than a smaller one', () => {
    const figures = [0.1, 0.2, 0.3].map((epsilon, k) =>
      attack('iterative', range(0, [100, 200, 150][k]), epsilon),
    );
    expect(moreBudgetHelpsDefender(evidence(figures))).toMatchObject([
      {figure: 'iterative@0.3', value: 0.05},
    ]);
  });

  it('leaves out attacks of one step, and does not compare different attacks', () => {
    const oneStep = [attack('oneStep', range(0, 200), 0.1), attack('oneStep', range(0, 100), 0.2)];
    expect(moreBudgetHelpsDefender(evidence(oneStep))).toEqual([]);
    const two = [attack('iterative', range(0, 200), 0.1), attack('blackBox', range(0, 100), 0.2)];
    expect(moreBudgetHelpsDefender(evidence(two))).toEqual([]);
  });
});

describe('clearLead', () => {
  const lead = (onlyOne: number, onlyOther: number) =>
    clearLead(attack('iterative', range(0, onlyOne)), attack('blackBox', range(500, 500 + onlyOther)));

  it('is what one beats more, as a share', () => {
    expect(lead(30, 10)).toBe(0.02);
    expect(lead(10, 30)).toBe(0);
  });

  it('is 0 within two standard deviations of chance', () => {
    // Of n examples that one of both beats: sqrt(n) / 2 is the deviation of the count, sqrt(n) that of the lead.
    expect(lead(4, 0)).toBe(0);
    expect(lead(5, 0)).toBe(0.005);
    expect(lead(60, 40)).toBe(0);
    expect(lead(61, 39)).toBe(0.022);
  });
});
