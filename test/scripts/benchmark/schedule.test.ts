import {describe, expect, it} from 'vitest';
import {roundsInTime, rotated, stepsOfTurn, timeLeft} from '../../../scripts/benchmark/schedule.mjs';

describe('stepsOfTurn', () => {
  const turn = {turnMs: 300, least: 2};

  it('fills the time of a turn with quick steps, up to a limit', () => {
    expect(stepsOfTurn(30, turn)).toBe(10);
    expect(stepsOfTurn(0.1, turn)).toBe(40);
  });

  it('never makes fewer than the least, however slow a step is, or unknown', () => {
    expect(stepsOfTurn(5000, turn)).toBe(2);
    expect(stepsOfTurn(NaN, turn)).toBe(2);
  });
});

describe('rotated', () => {
  it('lets everyone be first in turn and loses nobody', () => {
    expect([0, 1, 2, 3].map(round => rotated(['a', 'b', 'c'], round).join(''))).toEqual([
      'abc',
      'bca',
      'cab',
      'abc',
    ]);
    expect(rotated([], 4)).toEqual([]);
  });
});

describe('timeLeft', () => {
  it('measures the guesses by what was done', () => {
    // Guessed 10 of 40, took 30 s: three times the guess, so 90 s for the rest.
    expect(timeLeft([10, 10, 20], 1, 30_000)).toBe(90_000);
    expect(timeLeft([10, 10], 2, 30_000)).toBe(0);
  });

  it('does not know before anything is done', () => {
    expect(timeLeft([10, 10], 0, 5)).toBeNaN();
  });
});

describe('roundsInTime', () => {
  it('gives all rounds when the run ends in time or nothing is known yet', () => {
    expect(roundsInTime(5, 100, 200)).toBe(5);
    expect(roundsInTime(5, NaN, 200)).toBe(5);
  });

  it('gives fewer when it would not, but never less than two', () => {
    expect(roundsInTime(6, 200, 100)).toBe(3);
    expect(roundsInTime(6, 200, 0)).toBe(2);
    expect(roundsInTime(6, 200, -50)).toBe(2);
    expect(roundsInTime(1, 200, 10)).toBe(1);
  });
});
