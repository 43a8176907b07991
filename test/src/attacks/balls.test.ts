import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {AttackNorm} from '../../../src/attacks/attack_types.js';
import {balls, drawInBall, gaussian, type Bounds} from '../../../src/attacks/balls.js';
import {distanceBetween} from '../../../src/attacks/exact_clip.js';
import {RandomStream} from '../../../src/random.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';

const NORMS: AttackNorm[] = ['linf', 'l2', 'l1'];
const ROWS = 1_000;
const WIDTH = 7;
const WIDE: Bounds = [-1e6, 1e6];

const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[i];
  return total;
};
const rowsOf = (values: Float32Array, width: number) =>
  Array.from({length: values.length / width}, (_, i) => values.subarray(i * width, (i + 1) * width));

describe.each(NORMS)('a draw from the unit ball of %s', norm => {
  const DRAWS = 20_000;
  const draws = (size: number) => {
    const random = new RandomStream(7);
    return Array.from({length: DRAWS}, () => {
      const row = new Float32Array(size);
      balls[norm].draw(row, random);
      return row;
    });
  };
  const lengthOf = (row: Float32Array) => distanceBetween(row, new Float32Array(row.length), norm);

  it.each([1, 2, 5, 50])('of %i dimensions is inside it, but for the rounding to float32', size => {
    expect(Math.max(...draws(size).map(lengthOf))).toBeLessThanOrEqual(1 + size * 2 ** -24);
  });

  it.each([1, 2, 5])('of %i dimensions is uniform: the length to the power of the dimension is', size => {
    // The share of the volume inside radius r is r^n, so r^n is uniform in [0, 1]: mean 1/2, variance 1/12.
    const shares = draws(size).map(row => lengthOf(row) ** size);
    const deviation = Math.sqrt(1 / 12 / DRAWS);
    expect(Math.abs(mean(shares) - 1 / 2)).toBeLessThan(4 * deviation);
    expect(Math.abs(mean(shares.map(s => s * s)) - 1 / 3)).toBeLessThan(4 * deviation);
  });

  it.each([1, 2, 5])('of %i dimensions has the moments of a uniform one in every coordinate', size => {
    // Variance of a coordinate: 1/3 in a cube, 1/(n+2) in a ball, 2/((n+1)(n+2)) in a cross-polytope.
    const variances = {linf: 1 / 3, l2: 1 / (size + 2), l1: 2 / ((size + 1) * (size + 2))};
    const all = draws(size);
    for (let i = 0; i < size; i++) {
      const values = all.map(row => row[i]);
      const deviation = Math.sqrt(variances[norm] / DRAWS);
      expect(Math.abs(mean(values))).toBeLessThan(4 * deviation);
      // A fourth moment is at most that of a coordinate in [-1, 1] with this variance.
      const spread = Math.sqrt(variances[norm] / DRAWS);
      expect(Math.abs(mean(values.map(v => v * v)) - variances[norm])).toBeLessThan(4 * spread);
    }
  });

  it('of 2 dimensions prefers no quarter of the plane', () => {
    const counts = [0, 0, 0, 0];
    for (const [a, b] of draws(2)) counts[(a > 0 ? 1 : 0) + (b > 0 ? 2 : 0)]++;
    for (const count of counts)
      expect(Math.abs(count / DRAWS - 1 / 4)).toBeLessThan(4 * Math.sqrt(3 / 16 / DRAWS));
  });

  it('is as long as epsilon at most, and an example has the same whatever others there are', () => {
    const streams = (seeds: number[]) => seeds.map(seed => new RandomStream(seed));
    const three = expectNoLeak(() => drawInBall(norm, [3, 2, 2], 0.25, streams([1, 2, 3])));
    const one = drawInBall(norm, [1, 2, 2], 0.25, streams([3]));
    expect(three.shape).toEqual([3, 2, 2]);
    expect(Array.from(three.dataSync()).slice(8)).toEqual(Array.from(one.dataSync()));
    for (const row of rowsOf(three.dataSync() as Float32Array, 4))
      expect(lengthOf(row)).toBeLessThanOrEqual(0.25 * (1 + 1e-6));
    tf.dispose([three, one]);
  });
});

it('draws normal numbers with the moments 0, 1, 0, 3', () => {
  const random = new RandomStream(3);
  const values = Array.from({length: 50_000}, () => gaussian(random));
  const bound = (moment: number) => 4 * Math.sqrt(moment / values.length);
  // Variances of x, x^2, x^3, x^4: 1, 2, 15, 96.
  expect(Math.abs(mean(values))).toBeLessThan(bound(1));
  expect(Math.abs(mean(values.map(v => v ** 2)) - 1)).toBeLessThan(bound(2));
  expect(Math.abs(mean(values.map(v => v ** 3)))).toBeLessThan(bound(15));
  expect(Math.abs(mean(values.map(v => v ** 4)) - 3)).toBeLessThan(bound(96));
});

/** 0 for numbers so small that engines may take them for 0, some of their threads at least. */
const normal = (v: number) => (Math.abs(v) < 2 ** -126 ? 0 : v);

/** Rows of numbers as nobody would think of them. */
function strange(min: number, max: number, seed: number, width = WIDTH): Float32Array {
  const range = {noNaN: true, noDefaultInfinity: true, min: Math.fround(min), max: Math.fround(max)};
  const edges = [min, max, 0, 2 ** -149, 1e-38, 1e-20].filter(v => v >= min && v <= max).map(Math.fround);
  const row = fc.array(fc.oneof(fc.float(range), fc.constantFrom(...edges)), {
    minLength: width,
    maxLength: width,
  });
  return Float32Array.from(fc.sample(row, {numRuns: ROWS, seed}).flat());
}

describe.each(NORMS)('the steepest step of %s', norm => {
  const x = tf.fill([ROWS, WIDTH], 0.5) as tf.Tensor2D;
  const steps = (gradients: Float32Array) => {
    const width = gradients.length / ROWS;
    const at = width === WIDTH ? x : (tf.fill([ROWS, width], 0.5) as tf.Tensor2D);
    const g = tf.tensor2d(gradients, [ROWS, width]);
    const step = expectNoLeak(() => balls[norm].steepest(g, at, [0, 1]));
    return rowsOf(step.dataSync() as Float32Array, width);
  };

  it('has length 1, or 0 where the gradient is 0 (or so small that the engine takes it for 0)', () => {
    const gradients = strange(-1e30, 1e30, 1);
    steps(gradients).forEach((step, i) => {
      const g = gradients.subarray(i * WIDTH, (i + 1) * WIDTH);
      const length = distanceBetween(step, new Float32Array(WIDTH), norm);
      const largest = Math.max(...g.map(Math.abs));
      if (largest >= 2 ** -126) expect(Math.abs(length - 1)).toBeLessThan(1e-6);
      else expect([0, 1].some(wanted => Math.abs(length - wanted) < 1e-6)).toBe(true);
      if (largest === 0) expect(length).toBe(0);
    });
  });

  it('goes up as steeply as any step of length 1 (l1: as any that moves one value, of fewer than 150)', () => {
    const gradients = strange(-10, 10, 2);
    // The gain of the best step is the dual norm of the gradient.
    const best = {
      linf: (g: Float32Array) => g.reduce((total, v) => total + Math.abs(v), 0),
      l2: (g: Float32Array) => Math.sqrt(dot(g, g)),
      l1: (g: Float32Array) => Math.max(...g.map(Math.abs)),
    };
    let worst = 0;
    steps(gradients).forEach((step, i) => {
      const g = gradients.subarray(i * WIDTH, (i + 1) * WIDTH);
      const wanted = best[norm](g);
      if (wanted > 1e-30) worst = Math.max(worst, 1 - dot(g, step) / wanted);
    });
    expect(worst).toBeLessThan(1e-6);
  });

  it('is +-1 or 0 for an input of one value', () => {
    const gradients = strange(-1e30, 1e30, 3, 1);
    steps(gradients).forEach(([step], i) => {
      if (Math.abs(gradients[i]) >= 2 ** -126) expect(step).toBe(Math.sign(gradients[i]));
    });
  });

  it('of an example depends on no other, bit for bit', () => {
    // One gradient of zeros and one of 1e-30 among them.
    const gradients = strange(-1, 1, 4).map(normal);
    gradients.fill(0, 0, WIDTH).fill(1e-30, WIDTH, 2 * WIDTH);
    const all = steps(gradients);
    for (const i of [0, 1, 2, 77]) {
      const g = tf.tensor2d(gradients.slice(i * WIDTH, (i + 1) * WIDTH), [1, WIDTH]);
      const alone = balls[norm].steepest(g, tf.fill([1, WIDTH], 0.5), [0, 1]).dataSync();
      expect(Array.from(alone)).toEqual(Array.from(all[i]));
    }
  });
});

describe('the steepest step of l1', () => {
  const step = (gradient: number[], x: number[]) =>
    Array.from(balls.l1.steepest(tf.tensor2d([gradient]), tf.tensor2d([x]), [0, 1]).dataSync());

  it('moves no value that is at its bound already', () => {
    // 9 would go above 1, -8 below 0; 5 has room.
    expect(step([9, -8, 5, -1], [1, 0, 0.5, 0.5])).toEqual([0, 0, 1, 0]);
    expect(step([9, -8, 5, -1], [0, 1, 0.5, 0.5])).toEqual([1, 0, 0, 0]);
    expect(step([9, -8, 0, 0], [1, 0, 0.5, 0.5])).toEqual([0, 0, 0, 0]);
  });

  it('shares its length among the 1 % with the largest gradients, and among equals', () => {
    // Of 300 values 3 are moved, each by 1/3.
    const gradient = Array.from({length: 300}, (_, i) => ((i * 7) % 300) - 150.25);
    const moved = step(gradient, new Array(300).fill(0.5))
      .map((s, i) => [gradient[i], s])
      .filter(([, s]) => s !== 0);
    expect(moved.map(([g]) => g).sort((a, b) => a - b)).toEqual([-150.25, -149.25, 148.75]);
    for (const [g, s] of moved) expect(s).toBeCloseTo(Math.sign(g) / 3, 6);
    expect(step([2, -2, 1, 0], [0.5, 0.5, 0.5, 0.5])).toEqual([0.5, -0.5, 0, 0]);
  });
});

const EPSILONS = [0, 1e-45, 1e-30, 1e-6, 0.03, 0.3, 2, 100];

describe.each(NORMS)('the projection to the ball of %s and the bounds', norm => {
  const x = strange(0, 1, 5);
  const moved = strange(-3, 4, 6);
  const project = (from: Float32Array, epsilon: number, bounds: Bounds, width = WIDTH) => {
    const shape: [number, number] = [from.length / width, width];
    const [a, b] = [tf.tensor2d(x.subarray(0, from.length), shape), tf.tensor2d(from, shape)];
    const result = expectNoLeak(() => balls[norm].project(a, b, epsilon, bounds));
    const values = Float32Array.from(result.dataSync());
    tf.dispose([a, b, result]);
    return values;
  };

  it.each(EPSILONS)('is inside both, epsilon %d: to 2^-22 in length, exactly in the bounds', epsilon => {
    const inside = project(moved, epsilon, [0, 1]);
    expect(inside.every(v => v >= 0 && v <= 1)).toBe(true);
    rowsOf(inside, WIDTH).forEach((row, i) => {
      const length = distanceBetween(row, x.subarray(i * WIDTH, (i + 1) * WIDTH), norm);
      expect(length).toBeLessThanOrEqual(epsilon + WIDTH * 2 ** -24);
    });
  });

  it('is the input itself where epsilon is 0, or nothing has moved', () => {
    expect(project(moved, 0, [0, 1]).map(normal)).toEqual(x.map(normal));
    expect(project(x, 0.1, [0, 1]).map(normal)).toEqual(x.map(normal));
  });

  it.each(EPSILONS)('changes nothing when it is done again, epsilon %d, but for 2 roundings', epsilon => {
    const once = project(moved, epsilon, [0, 1]);
    const twice = project(once, epsilon, [0, 1]);
    const worst = once.reduce((most, v, i) => Math.max(most, Math.abs(v - twice[i])), 0);
    expect(worst).toBeLessThanOrEqual(2 ** -23);
  });

  it('leaves a point inside where it is', () => {
    const near = x.map((v, i) => Math.fround(Math.min(1, v + (i % 3) * 1e-3)));
    const kept = project(near, 1, [0, 1]);
    const worst = near.reduce((most, v, i) => Math.max(most, Math.abs(v - kept[i])), 0);
    expect(worst).toBeLessThanOrEqual(2 ** -24);
  });

  it('of one value is a cut at both sides', () => {
    const from = moved.slice(0, 100);
    const cut = project(from, 0.2, [0.1, 0.8], 1);
    cut.forEach((v, i) => {
      const expected = Math.min(Math.max(from[i], x[i] - 0.2, 0.1), x[i] + 0.2, 0.8);
      // x itself may be outside these bounds: an attack's is not.
      if (x[i] >= 0.1 && x[i] <= 0.8) expect(Math.abs(v - expected)).toBeLessThan(1e-7);
    });
  });

  it('of an example depends on no other, bit for bit', () => {
    const all = project(moved, 0.3, [0, 1]).map(normal);
    const first = project(moved.slice(0, 3 * WIDTH), 0.3, [0, 1]).map(normal);
    expect(first).toEqual(all.slice(0, 3 * WIDTH));
  });

  it.each([0.03, 0.3, 2])('is the nearest point, epsilon %d (l2: of the ball alone)', epsilon => {
    // Nearest exactly where no point c of the set is ahead: <moved - p, c - p> <= 0 for all of them.
    const bounds: Bounds = norm === 'l2' ? WIDE : [0, 1];
    const nearest = project(moved, epsilon, bounds);
    let worst = 0;
    rowsOf(nearest, WIDTH).forEach((p, i) => {
      const row = x.subarray(i * WIDTH, (i + 1) * WIDTH);
      const ahead = p.map((v, j) => moved[i * WIDTH + j] - v);
      worst = Math.max(worst, furthest(row, ahead, epsilon, bounds, norm) - dot(ahead, p));
    });
    expect(worst).toBeLessThan(5e-6);
  });
});

/** The largest <direction, c> of all c in the ball around x and in the bounds, in double precision. */
function furthest(
  x: Float32Array,
  direction: Float32Array,
  epsilon: number,
  [low, high]: Bounds,
  norm: AttackNorm,
): number {
  const start = dot(direction, x);
  if (norm === 'l2') return start + epsilon * Math.sqrt(dot(direction, direction));
  const gains = Array.from(direction, (d, j) => ({
    size: Math.abs(d),
    room: d > 0 ? high - x[j] : x[j] - low,
  }));
  if (norm === 'linf')
    return gains.reduce((sum, {size, room}) => sum + size * Math.min(room, epsilon), start);
  // A knapsack: epsilon goes to the values with the largest slopes, as far as each has room.
  let left = epsilon;
  let total = start;
  for (const {size, room} of gains.sort((a, b) => b.size - a.size)) {
    const used = Math.min(room, left);
    total += size * used;
    left -= used;
  }
  return total;
}

describe('the projection to the l1 ball', () => {
  /** Sorted sizes give the threshold (Duchi et al. 2008), in double precision. */
  function bySorting(step: number[], epsilon: number): number[] {
    const sizes = step.map(Math.abs);
    if (sizes.reduce((a, b) => a + b, 0) <= epsilon) return step;
    const sorted = [...sizes].sort((a, b) => b - a);
    let [total, threshold] = [0, 0];
    sorted.forEach((size, k) => {
      total += size;
      if (size > (total - epsilon) / (k + 1)) threshold = (total - epsilon) / (k + 1);
    });
    return step.map(v => Math.sign(v) * Math.max(Math.abs(v) - threshold, 0));
  }

  it.each([1, 2, 30, 784])('agrees with the one by sorting, %i values', width => {
    const steps = strange(-1, 1, 8, width).subarray(0, 60 * width);
    const zeros = tf.zeros([60, width]) as tf.Tensor2D;
    for (const epsilon of [1e-3, 0.5, 5, 60]) {
      const found = balls.l1.project(zeros, tf.tensor2d(steps, [60, width]), epsilon, WIDE).dataSync();
      let worst = 0;
      rowsOf(found as Float32Array, width).forEach((row, i) => {
        const expected = bySorting(Array.from(steps.subarray(i * width, (i + 1) * width)), epsilon);
        row.forEach((v, j) => (worst = Math.max(worst, Math.abs(v - expected[j]))));
      });
      // 3e-7 on the native engine; wasm adds up one number after the other.
      expect(worst).toBeLessThan(1e-6);
    }
  });
});
