import {describe, expect, it} from 'vitest';
import {logitLosses} from '../../../src/evaluation/suspect_losses.js';
import {expectClose, worstRelative} from '../../support/expect_close.js';

describe('logitLosses', () => {
  it('is the cross-entropy of the given label', () => {
    // Logits 0, ln 2, ln 5 have the probabilities 1/8, 2/8, 5/8.
    const logits = [0, Math.log(2), Math.log(5)];
    const losses = logitLosses([...logits, ...logits, ...logits], [0, 1, 2]);
    expectClose(losses, [Math.log(8), Math.log(4), Math.log(8 / 5)], 1e-15);
  });

  it('tells apart examples whose probability is 1 in float32, and whose is 0', () => {
    // log(1 + e^-50) is e^-50 but for its square; log(1 + e^1000) is 1000.
    const losses = logitLosses([50, 0, 60, 0, 0, 1000], [0, 0, 0]);
    expect(worstRelative(losses, [Math.exp(-50), Math.exp(-60), 1000], 1e-30)).toBeLessThan(1e-14);
  });

  it('is NaN where a logit is not finite', () => {
    expect(Array.from(logitLosses([NaN, 0, 1, Infinity, 2, 1], [1, 0, 1])).map(Number.isNaN)).toEqual([
      true,
      true,
      false,
    ]);
  });
});
