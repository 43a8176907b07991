import {describe, expect, it} from 'vitest';
import {
  checkSavable,
  DEFAULT_LOSS,
  isCrossEntropy,
  labelFormOf,
  lossesByOutput,
} from '../../plugin/label_losses.js';
import {expectRefusal} from '../support/expect_no_leak.js';

const custom = () => {
  throw new Error('not run');
};

describe('label losses', () => {
  it('are one for all outputs, one in a list, or one by name, as compile takes them', () => {
    expect(lossesByOutput(undefined, ['a'])).toEqual([DEFAULT_LOSS]);
    expect(lossesByOutput('meanSquaredError', ['a', 'b'])).toEqual(['meanSquaredError', 'meanSquaredError']);
    expect(lossesByOutput(custom, ['a'])).toEqual([custom]);
    expect(lossesByOutput(['x', 'y'], ['a', 'b'])).toEqual(['x', 'y']);
    expect(lossesByOutput({b: 'y', a: 'x'}, ['a', 'b'])).toEqual(['x', 'y']);
    expect(lossesByOutput({a: 'x'}, ['a', 'b'])).toEqual(['x', undefined]);
  });

  it('are cross-entropies of logits by their two names only', () => {
    expect(isCrossEntropy('categoricalCrossentropy')).toBe(true);
    expect(isCrossEntropy('sparseCategoricalCrossentropy')).toBe(true);
    for (const other of ['binaryCrossentropy', 'toString', custom, undefined])
      expect(isCrossEntropy(other)).toBe(false);
  });

  it('say how they want their labels', () => {
    expect(labelFormOf('categoricalCrossentropy')).toBe('oneHot');
    expect(labelFormOf('sparseCategoricalCrossentropy')).toBe('indices');
    expect(labelFormOf(custom)).toBeUndefined();
  });

  it('are saved by name, and refused as functions', async () => {
    checkSavable(['categoricalCrossentropy', undefined]);
    await expectRefusal(
      () => checkSavable(['categoricalCrossentropy', custom]),
      'loss',
      'a function',
      'compile after',
    );
  });
});
