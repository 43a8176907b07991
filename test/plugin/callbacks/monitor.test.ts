import {describe, expect, it} from 'vitest';
import {directionOf, isBetter, worstOf} from '../../../plugin/callbacks/monitor.js';
import {expectRefusal} from '../../support/expect_no_leak.js';

describe('directionOf', () => {
  it.each([
    ...['loss', 'val_loss', 'scores_loss', 'val_crossEntropy', 'categoricalCrossentropy', 'mse', 'val_MAE'],
    // The penalty of a layer that is called acc is no accuracy.
    ...['margin', 'val_margin', 'margin_conv1', 'val_margin_acc', 'meanSquaredError'],
  ])('takes a smaller %s for better', name => {
    expect(directionOf('caller', name, 'auto')).toBe('min');
  });

  it.each(['acc', 'val_acc', 'accuracy', 'binaryAccuracy', 'scores_acc', 'precision', 'val_recall', 'auc'])(
    'takes a larger %s for better',
    name => {
      expect(directionOf('caller', name, 'auto')).toBe('max');
    },
  );

  it('goes by the mode where there is one', () => {
    expect(directionOf('caller', 'val_acc', 'min')).toBe('min');
    expect(directionOf('caller', 'distance', 'max')).toBe('max');
  });

  it('refuses to guess', async () => {
    const guess = () => directionOf('caller', 'distance', 'auto');
    await expectRefusal(guess, 'mode', 'caller', /'min' or 'max'/, /'distance'/);
  });
});

describe('isBetter', () => {
  it('asks for more than minDelta', () => {
    const rule = {direction: 'min', minDelta: 0.5} as const;
    expect([1, 1.25, 1.5].map(value => isBetter(value, 2, rule))).toEqual([true, true, false]);
    const up = {...rule, direction: 'max'} as const;
    expect([3, 2.75, 2.5].map(value => isBetter(value, 2, up))).toEqual([true, true, false]);
  });

  it.each(['min', 'max'] as const)('finds any number better than the worst, but no NaN (%s)', direction => {
    const rule = {direction, minDelta: 1};
    const values = [1e300, -1e300, worstOf(direction), NaN];
    expect(values.map(value => isBetter(value, worstOf(direction), rule))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(isBetter(NaN, 0, rule)).toBe(false);
  });
});
