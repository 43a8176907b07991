import {describe, expect, it} from 'vitest';
import {figureOf, type FigureKind} from '../../../src/evaluation/figure.js';
import {union, worstCaseId, worstCases} from '../../../src/evaluation/worst_case.js';

const flags = (text: string) => Array.from(text, letter => letter === '1');
const figure = (kind: FigureKind, epsilon: number | undefined, success: string, rest: object = {}) =>
  figureOf(
    {id: `${kind}@${epsilon}`, name: kind, kind, epsilon},
    {success: flags(success), broken: flags('0'.repeat(success.length)), ...rest},
  );
const clean = figure('clean', undefined, '10000');

describe('worstCases', () => {
  it('is the mean of the minima over attacks, and what is wrong without one stays wrong', () => {
    // One attack beats the second, the other the third; the first is wrong at x though both attacks put it right.
    const attacks = [figure('iterative', 0.1, '01000'), figure('blackBox', 0.1, '00100')];
    const [worst] = worstCases(clean, [0.1], attacks);
    expect(worst.success).toEqual(flags('11100'));
    expect(worst.accuracy).toBe(0.4);
    expect(worst).toMatchObject({id: worstCaseId(0.1), kind: 'worstCase', epsilon: 0.1});
  });

  it('never rises with epsilon: what is beaten at a smaller one is beaten at a larger', () => {
    const attacks = [figure('iterative', 0.1, '01110'), figure('iterative', 0.2, '00001')];
    const worst = worstCases(clean, [0.1, 0.2], attacks);
    expect(worst.map(({accuracy}) => accuracy)).toEqual([0.2, 0]);
  });

  it('takes noise and smallest perturbations where they stayed within epsilon', () => {
    const found = figure('minimum', undefined, '01111', {distance: [0, 0.1, 0.100001, 0.2, Infinity]});
    const worst = worstCases(clean, [0.1, 0.2], [found]);
    expect(worst.map(({success}) => success)).toEqual([flags('11000'), flags('11110')]);
  });

  it('counts an example whose logits broke under any attack as not robust', () => {
    const broke = figure('iterative', 0.1, '00000', {broken: flags('00011')});
    const [smaller, worst] = worstCases(clean, [0.05, 0.1], [broke]);
    expect(smaller.accuracy).toBe(0.8);
    expect(worst.accuracy).toBe(0.4);
    expect(worst.broken).toEqual(flags('00011'));
  });
});

it('union leaves what it was given as it is', () => {
  const before = JSON.stringify(clean);
  union(clean, [figure('iterative', 0.1, '01111')], 0.1);
  expect(JSON.stringify(clean)).toBe(before);
});
