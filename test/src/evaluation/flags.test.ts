import {describe, expect, it} from 'vitest';
import {figureOf, minimumFigureOf} from '../../../src/evaluation/figure.js';
import {flagChecks, raiseFlags, withReasons, type Flag, type FlagId} from '../../../src/evaluation/flags.js';
import {worstCases} from '../../../src/evaluation/worst_case.js';

const found = {success: [false], broken: [false], distance: [1]};
const clean = figureOf({id: 'clean', name: 'clean', kind: 'clean'}, found);
const pgd = figureOf(
  {id: 'pgd@0.1', name: 'pgd', kind: 'iterative', epsilon: 0.1},
  {...found, gradients: ['zero']},
);
const square = figureOf({id: 'square@0.1', name: 'square', kind: 'blackBox', epsilon: 0.1}, found);
const [worst] = worstCases(clean, [0.1], [pgd, square]);
const minimum = minimumFigureOf('deepFool', clean, found);
const figures = {clean, pgd, square, worst, minimum};

const flag = (figure: string): Flag => ({
  id: 'zeroGradients',
  figure,
  reason: 'because',
  value: 1,
  bound: 0,
});
const concerned = (figure: string) =>
  Object.entries(figures)
    .filter(([, other]) => !withReasons(other, [flag(figure)]).reliable)
    .map(([name]) => name);

describe('withReasons', () => {
  it('concerns the figure of that id, or the group', () => {
    expect(concerned('pgd@0.1')).toEqual(['pgd']);
    expect(concerned('all')).toEqual(['clean', 'pgd', 'square', 'worst', 'minimum']);
    expect(concerned('white box')).toEqual(['pgd', 'worst', 'minimum']);
    expect(concerned('worst case')).toEqual(['worst']);
    expect(concerned('worst case@0.2')).toEqual([]);
  });

  it('collects the reasons of all flags and leaves the figure as it was', () => {
    const flags = [flag('pgd@0.1'), {...flag('all'), reason: 'and because'}, flag('square@0.1')];
    expect(withReasons(pgd, flags)).toEqual({...pgd, reliable: false, reasons: ['because', 'and because']});
    expect(pgd).toMatchObject({reliable: true, reasons: []});
  });
});

describe('raiseFlags', () => {
  const evidence = {
    ...{classes: 10, clean, attacks: [pgd, square], transfer: [], noise: [], minimum: []},
    ...{worstCase: [worst], probes: {probabilities: 1}},
  };

  it('asks the checks that were wanted, in the order of the table', () => {
    const all = Object.keys(flagChecks) as FlagId[];
    const ids = raiseFlags(evidence, [...all].reverse()).map(({id}) => id);
    expect(ids).toEqual(['probabilities', 'zeroGradients', 'noSoundGradients']);
    expect(raiseFlags(evidence, ['zeroGradients']).map(({id}) => id)).toEqual(['zeroGradients']);
    expect(raiseFlags(evidence, [])).toEqual([]);
  });
});
