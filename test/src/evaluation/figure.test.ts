import {describe, expect, it} from 'vitest';
import {figureOf, minimumFigureOf, shareOf, standing} from '../../../src/evaluation/figure.js';

describe('figureOf', () => {
  it('counts neither wrong nor broken examples as right, and shares gradients among all', () => {
    const what = {id: 'pgd@0.1', name: 'pgd', kind: 'iterative' as const, epsilon: 0.1};
    const figure = figureOf(what, {
      success: [true, false, false, false, true],
      broken: [false, true, false, false, false],
      gradients: ['sound', 'nan', 'zero', 'infinite', 'zero'],
    });
    // Right: the third and the fourth of five.
    expect(figure.accuracy).toBe(0.4);
    expect(figure.gradientHealth).toEqual({zero: 0.4, nan: 0.2, infinite: 0.2});
    expect(figure).toMatchObject({...what, reliable: true, reasons: []});
  });

  it('has no gradient health where no gradients were used', () => {
    const what = {id: 'square@0.1', name: 'square', kind: 'blackBox' as const};
    expect(figureOf(what, {success: [false], broken: [false]})).not.toHaveProperty('gradientHealth');
  });
});

describe('minimumFigureOf', () => {
  it('gives 0 for what is wrong already, Infinity for what was not found, and quantiles of all', () => {
    const clean = {success: [true, false, false, false, false], broken: [false, false, false, false, false]};
    const found = {
      success: [true, true, true, false, true],
      broken: clean.broken,
      distance: [0.3, 2, 1, 9, 4],
    };
    const figure = minimumFigureOf('deepFool', clean, found);
    expect(figure.distance).toEqual([0, 2, 1, Infinity, 4]);
    expect(figure.accuracy).toBe(0.2);
    // Sorted: 0, 1, 2, 4, Infinity at the shares 0, 1/4, 1/2, 3/4, 1.
    const byShare = Object.fromEntries(figure.quantiles.map(({share, distance}) => [share, distance]));
    expect(byShare).toEqual({0.05: expect.closeTo(0.2, 12), 0.25: 1, 0.5: 2, 0.75: 4, 0.95: Infinity});
    expect(figure.id).toBe('minimum:deepFool');
  });
});

it('standing is being neither wrong nor broken; the share of nothing is 0', () => {
  expect(standing({success: [true, false, false], broken: [false, true, false]})).toEqual([
    false,
    false,
    true,
  ]);
  expect(shareOf([])).toBe(0);
  expect(shareOf([true, false])).toBe(0.5);
});
