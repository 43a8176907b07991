import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {objective} from '../../../src/attacks/objectives.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';
import {randoms} from '../../support/randoms.js';

const LOSSES = ['crossEntropy', 'logitMargin', 'dlr'] as const;
type Loss = (typeof LOSSES)[number];
const BATCH = 40;

/** Engines take numbers below 2^-126 for 0: what that is beside this one counts as nothing. */
const FLOOR = 1e-33;

/** The losses in double precision, written so that none of their digits is lost. */
const oracle: Record<Loss, (z: number[], y: number) => number> = {
  crossEntropy(z, y) {
    const gaps = z.filter((_, i) => i !== y).map(v => v - z[y]);
    const largest = Math.max(0, ...gaps);
    const total = gaps.reduce((sum, gap) => sum + Math.exp(gap - largest), 0);
    return largest === 0 ? Math.log1p(total) : largest + Math.log(Math.exp(-largest) + total);
  },
  logitMargin: (z, y) => Math.max(...z.filter((_, i) => i !== y)) - z[y],
  dlr(z, y) {
    const [first, , third] = [...z].sort((a, b) => b - a);
    return oracle.logitMargin(z, y) / (first - third + 1e-12);
  },
};

/** Central differences in double precision. */
function slopesOf(loss: Loss, z: number[], y: number): number[] {
  const h = 1e-5;
  return z.map((_, i) => {
    const [above, below] = [h, -h].map(step =>
      oracle[loss](
        z.map((v, j) => (j === i ? v + step : v)),
        y,
      ),
    );
    return (above - below) / (2 * h);
  });
}

function measure(loss: Loss, rows: number[][], labels: number[], targeted = false) {
  const classes = rows[0].length;
  const z = tf.tensor2d(rows.flat(), [rows.length, classes]);
  const y = tf.tensor2d(
    labels.flatMap(label => rows[0].map((_, i) => Number(i === label))),
    [rows.length, classes],
  );
  const {values, slopes} = expectNoLeak(() => objective(loss, z, y, targeted));
  expect(values.shape).toEqual([rows.length]);
  expect(slopes.shape).toEqual([rows.length, classes]);
  const numbers = {values: Array.from(values.dataSync()), slopes: slopes.arraySync() as number[][]};
  tf.dispose([z, y, values, slopes]);
  return numbers;
}

/** Logits in float32, of this size. */
function logits(classes: number, size: number, seed: number): number[][] {
  const numbers = randoms(BATCH * classes, seed).map(r => r * size);
  return Array.from({length: BATCH}, (_, i) => Array.from(numbers.subarray(i * classes, (i + 1) * classes)));
}

describe.each(LOSSES)('%s', loss => {
  const fewest = loss === 'dlr' ? 3 : 2;
  const nets = [2, 3, 4, 10].filter(classes => classes >= fewest);

  it.each(nets.flatMap(classes => [0.1, 1, 10, 100].map(size => [classes, size])))(
    'of %i classes and logits of %d has the slopes of differences in double precision',
    (classes, size) => {
      const rows = logits(classes, size, 10 * classes + size);
      const labels = rows.map((_, i) => i % classes);
      const {values, slopes} = measure(loss, rows, labels);
      let worst = 0;
      rows.forEach((z, i) => {
        const sorted = [...z].sort((a, b) => b - a);
        const expected = slopesOf(loss, z, labels[i]);
        // The slopes of the dlr are differences of numbers of the size 1 / spread: with 3 classes they may cancel.
        const parts = loss === 'dlr' ? 1 / (sorted[0] - sorted[2]) : 0;
        const scale = Math.max(...expected.map(Math.abs), parts, FLOOR);
        expected.forEach((slope, c) => (worst = Math.max(worst, Math.abs(slopes[i][c] - slope) / scale)));
        const value = oracle[loss](z, labels[i]);
        expect(Math.abs(values[i] - value)).toBeLessThan(2e-6 * Math.max(1, Math.abs(value), size));
      });
      console.log(
        `${loss}, ${classes} classes of size ${size}: worst error of a slope ${worst.toExponential(1)}`,
      );
      // An exponent of 100 is rounded to 2^-18 in float32, and so is e to it.
      expect(worst).toBeLessThan(2e-5);
    },
  );

  it('is negated, slopes and all, where the label is to be reached', () => {
    const rows = logits(5, 3, 1);
    const labels = rows.map((_, i) => i % 5);
    const [left, reached] = [false, true].map(targeted => measure(loss, rows, labels, targeted));
    expect(reached.values).toEqual(left.values.map(v => -v));
    expect(reached.slopes).toEqual(left.slopes.map(row => row.map(v => -v)));
  });

  it('takes logits that all tie, or tie in part, and gives finite slopes that add up to 0', () => {
    const rows = [
      [0, 0, 0, 0],
      [7, 7, 7, 7],
      [2, 2, 1, 0],
      [1, 2, 2, 2],
      [-3, -3, 5, 5],
    ];
    for (const label of [0, 1, 3]) {
      const {values, slopes} = measure(
        loss,
        rows,
        rows.map(() => label),
      );
      values.forEach((v, i) => {
        const value = oracle[loss](rows[i], label);
        expect(Math.abs(v - value)).toBeLessThan(1e-6 * Math.max(1, Math.abs(value)));
      });
      for (const row of slopes) {
        expect(row.every(Number.isFinite)).toBe(true);
        const largest = Math.max(...row.map(Math.abs));
        // At its largest, 1, the dlr is flat.
        if (loss !== 'dlr') expect(largest).toBeGreaterThan(0);
        expect(Math.abs(row.reduce((a, b) => a + b, 0))).toBeLessThanOrEqual(1e-6 * largest);
      }
    }
  });

  it('throws nothing for logits that are no numbers', () => {
    const rows = [
      [NaN, 1, 2],
      [-Infinity, 1, 2],
      [Infinity, 1, 2],
      [NaN, NaN, NaN],
      [-Infinity, -Infinity, -Infinity],
    ];
    for (const label of [0, 1, 2])
      measure(
        loss,
        rows,
        rows.map(() => label),
      );
  });

  it('of an example does not depend on what is beside it, NaN included', () => {
    const rows = [
      [1, 2, 4],
      [NaN, 1, 2],
      [3, 1, 0],
    ];
    const together = measure(loss, rows, [0, 1, 2]);
    const alone = measure(loss, [rows[2]], [2]);
    expect(together.values[2]).toBe(alone.values[0]);
    expect(together.slopes[2]).toEqual(alone.slopes[0]);
  });
});

describe('the cross-entropy', () => {
  it.each([20, 50, 80])('still has a slope at a gap of %d, where 1 - p would be 0', gap => {
    // -(1 - p) = -1 / (1 + e^gap).
    const {slopes} = measure('crossEntropy', [[gap, 0]], [0]);
    const expected = 1 / (1 + Math.exp(gap));
    expect(Math.abs(slopes[0][0] / -expected - 1)).toBeLessThan(1e-5);
    expect(Math.abs(slopes[0][1] / expected - 1)).toBeLessThan(1e-5);
  });

  it.each([1, 10, 60])(
    'has every slope right to 5 digits, however small beside the others (logits of %d)',
    size => {
      const rows = logits(10, size, 3);
      const labels = rows.map((_, i) => i % 10);
      const {slopes} = measure('crossEntropy', rows, labels);
      rows.forEach((z, i) => {
        const largest = Math.max(...z);
        const total = z.reduce((sum, v) => sum + Math.exp(v - largest), 0);
        const shares = z.map((v, c) => (c === labels[i] ? 0 : Math.exp(v - largest) / total));
        const others = shares.reduce((a, b) => a + b, 0);
        shares.forEach((share, c) => {
          const expected = c === labels[i] ? -others : share;
          expect(Math.abs(slopes[i][c] - expected)).toBeLessThan(2e-5 * Math.max(Math.abs(expected), FLOOR));
        });
      });
    },
  );

  it('is 0 in float32 far beyond a gap of 104: e^-104 is less than half the smallest number', () => {
    expect(measure('crossEntropy', [[300, 0]], [0]).slopes[0].map(Math.abs)).toEqual([0, 0]);
  });

  it('has slopes of +-1 where the label is 300 behind', () => {
    expect(measure('crossEntropy', [[-300, 0]], [0]).slopes[0]).toEqual([-1, 1]);
  });
});

describe('the scale of the logits', () => {
  it('does not change the dlr', () => {
    const rows = logits(6, 1, 9);
    const labels = rows.map((_, i) => i % 6);
    const plain = measure('dlr', rows, labels).values;
    const large = measure(
      'dlr',
      rows.map(row => row.map(v => v * 1024)),
      labels,
    ).values;
    plain.forEach((v, i) => expect(Math.abs(v - large[i])).toBeLessThan(1e-6 * Math.max(1, Math.abs(v))));
  });
});
