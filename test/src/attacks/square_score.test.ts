import {describe, expect, it} from 'vitest';
import {scoreOf} from '../../../src/attacks/square_score.js';

const z = Float32Array.of(1, 3, 2);

describe('scoreOf', () => {
  it('is the logit margin: the largest rival less the label', () => {
    expect([0, 1, 2].map(label => scoreOf('logitMargin', z, label, false))).toEqual([2, -1, 1]);
  });

  it('is the log of the odds that cross-entropy is a function of', () => {
    // Label 1: log(e^1 + e^2) - 3; the cross-entropy is log(1 + exp(.)).
    const score = scoreOf('crossEntropy', z, 1, false);
    expect(score).toBeCloseTo(Math.log(Math.E + Math.E ** 2) - 3, 12);
    const crossEntropy = Math.log(Math.E + Math.E ** 2 + Math.E ** 3) - 3;
    expect(Math.log1p(Math.exp(score))).toBeCloseTo(crossEntropy, 12);
  });

  it('tells inputs apart whose cross-entropy is 0 or infinite in double precision', () => {
    const near = scoreOf('crossEntropy', Float32Array.of(1e4, 0, 1), 0, false);
    const nearer = scoreOf('crossEntropy', Float32Array.of(1e4, 0, 2), 0, false);
    expect(nearer).toBeGreaterThan(near);
    expect(scoreOf('crossEntropy', Float32Array.of(0, 1e4, 2), 0, false)).toBe(1e4);
  });

  it('has the opposite sign for a target', () => {
    expect(scoreOf('logitMargin', z, 2, true)).toBe(-1);
  });

  it.each([NaN, Infinity, -Infinity])('is NaN where a logit is %d', value => {
    expect(scoreOf('logitMargin', Float32Array.of(1, value, 2), 0, false)).toBeNaN();
    expect(scoreOf('crossEntropy', Float32Array.of(1, value, 2), 1, true)).toBeNaN();
  });
});
