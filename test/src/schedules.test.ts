import {describe, expect, it} from 'vitest';
import {
  checkScheduled,
  isSchedule,
  schedules,
  showScheduled,
  valueAt,
  type Scheduled,
} from '../../src/schedules.js';
import {check, isFiniteNumber} from '../../src/checks.js';
import {expectRefusal} from '../support/expect_no_leak.js';

const {cosineDecay, delay, exponentialDecay, piecewiseConstant, warmUp} = schedules;
const at = (value: Scheduled, ...steps: number[]) => steps.map(step => valueAt(value, step));

describe('valueAt', () => {
  it('is the number itself where nothing changes', () => {
    expect(at(0.5, 0, 1, 1e9)).toEqual([0.5, 0.5, 0.5]);
  });

  it('decays exponentially, in stairs as the authors do it or smoothly', () => {
    const args = {initial: 0.1, decaySteps: 2000, decayRate: 0.96};
    expect(at(exponentialDecay({...args, staircase: true}), 0, 1999, 2000, 4000)).toEqual([
      ...[0.1, 0.1],
      ...[0.1 * 0.96, 0.1 * 0.96 ** 2],
    ]);
    expect(at(exponentialDecay(args), 1000)[0]).toBeCloseTo(0.1 * Math.sqrt(0.96), 15);
  });

  it('decays along half a cosine and stays at its end', () => {
    // Half way the cosine is 0: (1 + 0) / 2 of the way between 2 and 2 x 0.25.
    const decay = cosineDecay({initial: 2, decaySteps: 10, alpha: 0.25});
    const values = at(decay, 0, 5, 10, 1000);
    [2, 1.25, 0.5, 0.5].forEach((wanted, i) => expect(values[i]).toBeCloseTo(wanted, 14));
    expect(at(cosineDecay({initial: 2, decaySteps: 10}), 10)[0]).toBeCloseTo(0, 14);
  });

  it('jumps at the boundaries, each of which begins something new', () => {
    const stairs = piecewiseConstant({boundaries: [2, 5], values: [1, 0.1, 0.01]});
    expect(at(stairs, 0, 1, 2, 4, 5, 100)).toEqual([1, 1, 0.1, 0.1, 0.01, 0.01]);
  });

  it('warms up in a straight line to where the rest begins', () => {
    const rest = piecewiseConstant({boundaries: [1], values: [8, 4]});
    expect(at(warmUp({steps: 4, then: rest}), 0, 1, 3, 4, 5)).toEqual([0, 2, 6, 8, 4]);
    expect(at(warmUp({steps: 4, from: 4, then: 8}), 0, 2, 4, 9)).toEqual([4, 6, 8, 8]);
  });

  it('begins late', () => {
    const late = delay({steps: 3, then: warmUp({steps: 2, then: 1})});
    expect(at(late, 0, 2, 3, 4, 5, 6)).toEqual([0, 0, 0, 0.5, 1, 1]);
    expect(at(delay({steps: 3, before: 7, then: 1}), 2, 3)).toEqual([7, 1]);
  });
});

describe('showScheduled', () => {
  it('tells what a schedule is made of', () => {
    expect(showScheduled(0.25)).toBe('0.25');
    expect(
      showScheduled(delay({steps: 3, then: exponentialDecay({initial: 1, decaySteps: 2, decayRate: 0.5})})),
    ).toBe('delay(steps 3, then exponentialDecay(initial 1, decaySteps 2, decayRate 0.5))');
    expect(isSchedule(3)).toBe(false);
    expect(isSchedule(delay({steps: 3, then: 1}))).toBe(true);
  });
});

describe('checkScheduled', () => {
  const positive = (argument: string, value: unknown) =>
    check(isFiniteNumber(value) && value > 0, 'f', argument, 'to be > 0', value);
  const checking = (value: unknown) => () => checkScheduled('f', 'gamma', value, positive);

  it('takes every schedule whose values are all allowed', () => {
    for (const value of [
      1,
      exponentialDecay({initial: 1, decaySteps: 10, decayRate: 0.5, staircase: true}),
      cosineDecay({initial: 1, decaySteps: 10, alpha: 0.1}),
      piecewiseConstant({boundaries: [1, 2.5], values: [3, 2, 1]}),
      warmUp({steps: 1, from: 1e-12, then: delay({steps: 2, before: 1, then: 3})}),
    ]) {
      checking(value)();
    }
  });

  it.each<[string, unknown]>([
    ['gamma', 0],
    ['gamma', undefined],
    ['gamma', {name: 'linear'}],
    ['gamma', {}],
    ['gamma', {...delay({steps: 1, before: 1, then: 1}), after: 2}],
    ['gamma.initial', exponentialDecay({initial: 0, decaySteps: 1, decayRate: 1})],
    ['gamma.decaySteps', exponentialDecay({initial: 1, decaySteps: 0, decayRate: 1})],
    ['gamma.decayRate', exponentialDecay({initial: 1, decaySteps: 1, decayRate: -1})],
    ['gamma.staircase', {name: 'exponentialDecay', initial: 1, decaySteps: 1, decayRate: 1, staircase: 1}],
    ['gamma.decaySteps', cosineDecay({initial: 1, decaySteps: NaN})],
    ['gamma.initial x alpha', cosineDecay({initial: 1, decaySteps: 1})],
    ['gamma.alpha', {name: 'cosineDecay', initial: 1, decaySteps: 1, alpha: '1'}],
    ['gamma.boundaries', piecewiseConstant({boundaries: [2, 2], values: [1, 1, 1]})],
    ['gamma.boundaries', {name: 'piecewiseConstant', values: [1]}],
    ['gamma.values', piecewiseConstant({boundaries: [2], values: [1]})],
    ['gamma.values[1]', piecewiseConstant({boundaries: [2], values: [1, NaN]})],
    ['gamma.from', warmUp({steps: 2, then: 1})],
    ['gamma.steps', warmUp({steps: Infinity, from: 1, then: 1})],
    ['gamma.then', warmUp({steps: 2, from: 1, then: 0})],
    ['gamma.before', delay({steps: 2, then: 1})],
    ['gamma.then.then', delay({steps: 2, before: 1, then: warmUp({steps: 1, from: 1, then: -1})})],
  ])('refuses a wrong %s: %j', async (argument, value) => {
    await expectRefusal(checking(value), argument, /^f: expected /);
  });
});
