import {describe, expect, it} from 'vitest';
import type {GradientHealth} from '../../../src/attacks/attack_types.js';
import {figureOf, minimumFigureOf, type Figure} from '../../../src/evaluation/figure.js';
import {
  brokenGradients,
  flagAbove,
  noSoundGradients,
  nonFiniteLogits,
  orOneOf,
  percent,
  SMALL_SHARE,
  zeroGradients,
} from '../../../src/evaluation/flags_of_figures.js';
import {worstCases} from '../../../src/evaluation/worst_case.js';

const SIZE = 1000;
const none = Array<boolean>(SIZE).fill(false);
const first = (count: number) => none.map((_, i) => i < count);
const clean = figureOf({id: 'clean', name: 'clean', kind: 'clean'}, {success: none, broken: none});

/** An attack that beats nobody, with the gradients of the first examples in a state. */
function attack(state: GradientHealth, count: number, rest: object = {}): Figure {
  const gradients = first(count).map(flag => (flag ? state : 'sound'));
  const what = {id: 'pgd@0.1', name: 'pgd', kind: 'iterative' as const, epsilon: 0.1};
  return figureOf(what, {success: none, broken: none, gradients, ...rest});
}

function evidence(...attacks: Figure[]) {
  const worstCase = worstCases(clean, [0.1], attacks);
  return {classes: 10, clean, attacks, transfer: [], noise: [], minimum: [], worstCase, probes: {}};
}

describe('zeroGradients', () => {
  it('flags a figure of which more than 0.2 points rest on gradients that are 0', () => {
    expect(zeroGradients(evidence(attack('zero', 2)))).toEqual([]);
    const [flag] = zeroGradients(evidence(attack('zero', 3)));
    expect(flag).toMatchObject({id: 'zeroGradients', figure: 'pgd@0.1', value: 0.003, bound: SMALL_SHARE});
    expect(flag.reason).toContain('0.3 %');
  });

  it('counts those alone that stand', () => {
    expect(zeroGradients(evidence(attack('zero', 500, {success: first(498)})))).toEqual([]);
    expect(zeroGradients(evidence(attack('zero', 500, {success: first(497)})))).toHaveLength(1);
  });
});

describe('brokenGradients', () => {
  it('flags a single example that stands with NaN or Infinity in its gradient', () => {
    expect(brokenGradients(evidence(attack('zero', 9)))).toEqual([]);
    expect(brokenGradients(evidence(attack('nan', 1)))).toMatchObject([{figure: 'pgd@0.1', value: 0.001}]);
    expect(brokenGradients(evidence(attack('infinite', 1)))).toHaveLength(1);
    expect(brokenGradients(evidence(attack('infinite', 1, {success: first(1)})))).toEqual([]);
  });
});

describe('nonFiniteLogits', () => {
  it('flags every figure with a single broken example, the clean one and the worst case too', () => {
    const whole = {
      ...evidence(attack('sound', 0, {broken: first(1)})),
      clean: {...clean, broken: first(4)},
    };
    const flags = nonFiniteLogits(whole);
    expect(flags.map(({figure, value, bound}) => [figure, value, bound])).toEqual([
      ['clean', 0.004, 0],
      ['pgd@0.1', 0.001, 0],
      ['worst case@0.1', 0.001, 0],
    ]);
    expect(nonFiniteLogits(evidence(attack('sound', 0)))).toEqual([]);
  });

  it('flags of a transfer whose source broke that figure alone', () => {
    const what = {id: 'transfer:a@0.1', name: 'a', kind: 'transfer' as const, epsilon: 0.1};
    const transfer = [figureOf(what, {success: none, broken: none, sourceBroken: first(10)})];
    const flags = nonFiniteLogits({...evidence(attack('sound', 0)), transfer});
    expect(flags).toMatchObject([{figure: 'transfer:a@0.1', value: 0.01}]);
    expect(flags[0].reason).toBe('the source has NaN or Infinity among its logits for 1 % of the examples');
  });
});

describe('noSoundGradients', () => {
  it('is quiet where for every example one attack had a sound gradient', () => {
    const other = {...attack('sound', 0), name: 'other', id: 'other@0.1'};
    expect(noSoundGradients(evidence(attack('zero', SIZE), other))).toEqual([]);
    const half = {...attack('zero', SIZE), gradients: first(500).map(flag => (flag ? 'sound' : 'zero'))};
    const otherHalf = {...attack('nan', 500), name: 'other'};
    expect(noSoundGradients(evidence(half as Figure, otherHalf))).toEqual([]);
  });

  it('flags a worst case in which examples stand that no gradient ever pushed', () => {
    const flags = noSoundGradients(evidence(attack('zero', 30), attack('nan', 20)));
    expect(flags).toMatchObject([{figure: 'worst case@0.1', value: 0.02}]);
    expect(flags[0].reason).toContain('no attack had a sound gradient');
  });

  it('flags a worst case of black boxes alone', () => {
    const {gradients: _, ...blind} = attack('sound', 0);
    const flags = noSoundGradients(evidence({...blind, kind: 'blackBox'}));
    expect(flags).toMatchObject([{value: 1}]);
    expect(flags[0].reason).toContain('no attack used gradients');
  });

  it('takes the gradients of smallest perturbations, and none of other epsilons', () => {
    const gradients = none.map(() => 'sound' as const);
    const found = {success: none, broken: none, gradients, distance: none.map(() => 1)};
    const minimum = [minimumFigureOf('deepFool', clean, found)];
    const blind = {...evidence(attack('zero', SIZE)), minimum};
    expect(noSoundGradients(blind)).toEqual([]);
    const elsewhere = {...attack('sound', 0), epsilon: 0.2};
    expect(noSoundGradients(evidence(attack('zero', SIZE), elsewhere))).toHaveLength(1);
  });
});

it('a value at its bound is none, above it and NaN are', () => {
  expect(flagAbove('zeroGradients', 'x', 0.2, 0.2, '')).toEqual([]);
  expect(flagAbove('zeroGradients', 'x', 0.21, 0.2, '')).toHaveLength(1);
  expect(flagAbove('zeroGradients', 'x', NaN, 0.2, '')).toHaveLength(1);
});

it('the bound of a comparison is that of one example at least', () => {
  expect(orOneOf(100, SMALL_SHARE)).toBe(0.01);
  expect(orOneOf(1000, SMALL_SHARE)).toBe(SMALL_SHARE);
});

it('shares are written in percent with at most two decimals', () => {
  expect([percent(1), percent(0.12345), percent(0.5)]).toEqual(['100 %', '12.35 %', '50 %']);
});
