import {describe, expect, it} from 'vitest';
import {lengthOf} from '../../../src/attacks/boundaries.js';
import {stepToPlane} from '../../../src/attacks/fab_projection.js';
import {planeDistance} from '../../support/plane_distance.js';
import {randoms} from '../../support/randoms.js';

const norms = ['linf', 'l2', 'l1'] as const;
const WIDE: [number, number] = [-99, 99];

function product(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((total, value, i) => total + value * b[i], 0);
}

describe('stepToPlane', () => {
  it.each([
    // Slope (3, -4), to rise by 10: all alike 10 / 7; in proportion 10 / 25; the steeper value alone 10 / 4.
    ['linf', [10 / 7, -10 / 7]],
    ['l2', [1.2, -1.6]],
    ['l1', [0, -2.5]],
  ] as const)('is the closed form where no bound is in the way, %s', (norm, expected) => {
    const step = stepToPlane(norm, [0, 0], [3, -4], 10, WIDE);
    step.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 14));
    const back = stepToPlane(norm, [0, 0], [3, -4], -10, WIDE);
    back.forEach((value, i) => expect(value).toBeCloseTo(-expected[i], 14));
  });

  it.each([
    // The second value may fall by 1 only, which gains 4; the first has to gain the other 6.
    ['linf', [2, -1]],
    ['l2', [2, -1]],
    ['l1', [2, -1]],
  ] as const)('lets others do what a bound keeps one from doing, %s', (norm, expected) => {
    expect([...stepToPlane(norm, [0, 0], [3, -4], 10, [-1, 3])]).toEqual(expected);
  });

  it.each(norms)(
    'goes to the bounds where the plane is out of reach, and keeps still what does not matter, %s',
    norm => {
      expect([...stepToPlane(norm, [0, 0.5, 0.2], [3, -4, 0], 10, [-1, 1])]).toEqual([1, -1.5, 0]);
    },
  );

  it.each(norms)('does nothing where there is nothing to do, %s', norm => {
    expect([...stepToPlane(norm, [0, 1], [3, -4], 0, [0, 1])].map(Math.abs)).toEqual([0, 0]);
    expect([...stepToPlane(norm, [0, 1], [0, 0], 5, [0, 1])].map(Math.abs)).toEqual([0, 0]);
  });

  // A lower bound of the length, from the dual problem, that is met proves a step to be the shortest.
  it.each(norms)('is as short as the dual problem allows, %s', norm => {
    const gaps: number[] = [];
    for (let seed = 1; seed <= 40; seed++) {
      const size = 1 + (seed % 17);
      const point = Array.from(randoms(size, seed), value => 1 / (1 + Math.exp(-4 * value)));
      // With ties, and with values that do not matter.
      const slope = Array.from(randoms(size, 100 + seed), value =>
        seed % 3 ? value : Math.round(2 * value),
      );
      const most = slope.reduce((total, s, i) => total + Math.max(-s * point[i], s * (1 - point[i])), 0);
      if (most === 0) continue;
      const rise = most * [0.05, 0.3, 0.7, 0.95][seed % 4];
      const step = stepToPlane(norm, point, slope, rise, [0, 1]);
      step.forEach((value, i) => {
        expect(point[i] + value).toBeGreaterThanOrEqual(-1e-15);
        expect(point[i] + value).toBeLessThanOrEqual(1 + 1e-15);
      });
      expect(Math.abs(product(slope, step) - rise)).toBeLessThan(1e-13 * (1 + rise));
      const bound = planeDistance(
        norm,
        point,
        slope.map(s => -s),
        rise,
        [0, 1],
      );
      gaps.push(lengthOf(step, norm) / bound - 1);
    }
    expect(gaps.length).toBeGreaterThan(30);
    expect(Math.max(...gaps.map(Math.abs))).toBeLessThan(1e-9);
  });

  it.each(norms)('keeps its digits for slopes of 1e-30 and of 1e30, %s', norm => {
    for (const scale of [1e-30, 1e30]) {
      const step = stepToPlane(norm, [0, 0], [3 * scale, -4 * scale], 10 * scale, WIDE);
      expect(product(step, [3, -4])).toBeCloseTo(10, 12);
    }
  });
});
