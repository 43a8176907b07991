import {describe, expect, it} from 'vitest';
import {ApgdSchedule, checkpoints} from '../../../src/attacks/apgd_schedule.js';

/** first, first + 1, ..., count numbers. */
const rising = (first: number, count: number) => Array.from({length: count}, (_, i) => first + i);

/** Step numbers after which one example's step size was halved. */
function halvings(steps: number, start: number, losses: number[]): number[] {
  const schedule = new ApgdSchedule(steps, 1, [start]);
  return losses.flatMap((loss, i) => (schedule.observe([loss]).halved[0] ? [i + 1] : []));
}

describe('checkpoints', () => {
  it('lie where the paper puts them: windows of 22, 19, 16, 13, 10, 7, 6, 6 hundredths', () => {
    // 22, 22+19 = 41, +16 = 57, +13 = 70, +10 = 80, +7 = 87, +6 = 93, +6 = 99; the next would be 105.
    expect(checkpoints(100)).toEqual([22, 41, 57, 70, 80, 87, 93, 99]);
  });

  it('are rounded up, and counted once where two fall together', () => {
    // 2.2, 4.1, 5.7, 7, 8, 8.7, 9.3, 9.9.
    expect(checkpoints(10)).toEqual([3, 5, 6, 7, 8, 9, 10]);
    expect(checkpoints(1)).toEqual([1]);
  });
});

describe('ApgdSchedule', () => {
  it('halves where the loss rose in less than 3/4 of the steps, and only at checkpoints', () => {
    // 10 steps: checkpoints 3, 5, 6. Three rises of 3, then one of 2 (below 1.5), then one of 1.
    expect(halvings(10, 0, [1, 2, 3, 3, 4, 5])).toEqual([5]);
    // Two rises of 3 are below 2.25.
    expect(halvings(10, 0, [1, 1, 2])).toEqual([3]);
  });

  it('does not halve where the loss rose in 3/4 of the steps exactly', () => {
    // 100 steps: the third window has 16 steps, of which 12 rise. 22 and 19 rises go before.
    const before = rising(1, 41);
    const twelve = [0, 0, 0, 0, ...rising(90, 12)];
    expect(halvings(100, 0, [...before, ...twelve])).toEqual([]);
    const eleven = [0, 0, 0, 0, 0, ...rising(90, 11)];
    expect(halvings(100, 0, [...before, ...eleven])).toEqual([57]);
  });

  it('halves where the best loss stays as it was since a checkpoint at which nothing was halved', () => {
    // The start has the best loss, 100. Window 1: a fall and 21 rises of 22 (16.5 would do): stuck, halved.
    // Window 2: a fall and 18 rises of 19, stuck as well, but it was halved at 22. Window 3: 16 rises, stuck: halved.
    const losses = [...rising(0, 22), ...rising(0, 19), ...rising(20, 16)];
    expect(halvings(100, 100, losses)).toEqual([22, 57]);
  });

  it('counts on from the best loss after a halving, for that is where the climb goes on', () => {
    // Checkpoint 3: one rise of 3, halved; best 9. Steps 4 and 5: 8 is no rise from 9 though it is from 0; 10 is one.
    // One of 2: halved at 5 too. Had it counted from 0, both had been rises.
    expect(halvings(10, 0, [9, 1, 0, 8, 10])).toEqual([3, 5]);
  });

  it('gives each example a step size of its own, which follows it when others leave', () => {
    const schedule = new ApgdSchedule(10, 8, [0, 0, 0]);
    for (const losses of [
      [1, -1, 1],
      [2, -2, 2],
    ])
      expect(schedule.observe(losses)).toMatchObject({halved: [false, false, false]});
    expect(schedule.observe([3, -3, 3])).toEqual({
      improved: [true, false, true],
      halved: [false, true, false],
    });
    expect(schedule.stepSizes).toEqual([8, 4, 8]);
    schedule.narrow([1, 2]);
    expect(schedule.stepSizes).toEqual([4, 8]);
    // Steps 4 and 5 are rises for the first of the two, from its best, 0, and none for the other.
    schedule.observe([0.5, 2]);
    expect(schedule.observe([1, 2])).toEqual({improved: [true, false], halved: [false, true]});
    expect(schedule.stepSizes).toEqual([4, 4]);
  });

  it('takes no loss that is not a number for the best', () => {
    const schedule = new ApgdSchedule(10, 1, [NaN, 5]);
    expect(schedule.observe([1, NaN]).improved).toEqual([true, false]);
    expect(schedule.observe([NaN, 6]).improved).toEqual([false, true]);
  });
});
