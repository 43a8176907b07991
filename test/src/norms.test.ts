import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {withoutTape} from '../../src/distance/live_tape.js';
import {dualExponent, dualNorm, exponent} from '../../src/norms.js';
import type {Norm} from '../../src/types.js';
import {expectClose} from '../support/expect_close.js';
import {expectNoLeak, expectRefusal} from '../support/expect_no_leak.js';
import {dot, slopeAtZero} from '../support/finite_differences.js';
import {randoms} from '../support/randoms.js';

const norms: Norm[] = ['l1', 'l2', 'linf', 1, 1.5, 2, 3, Infinity];

/** ||row||_q in float64, from the definition. */
function oracle(row: ArrayLike<number>, norm: Norm): number {
  const p = {l1: 1, l2: 2, linf: Infinity}[norm as string] ?? (norm as number);
  const sizes = Array.from(row, Math.abs);
  const largest = Math.max(...sizes);
  if (p === 1) return largest;
  if (p === Infinity) return sizes.reduce((a, b) => a + b, 0);
  const q = 1 / (1 - 1 / p);
  return largest === 0 ? 0 : largest * sizes.reduce((a, s) => a + (s / largest) ** q, 0) ** (1 / q);
}

function normsOf(rows: number[][], norm: Norm): Float32Array {
  return tf.tidy(() => dualNorm(tf.tensor2d(rows), norm).dataSync() as Float32Array);
}

/** The slope of sum_i weights_i ||row_i||_q, as backpropagation gives it. */
function slopesOf(rows: number[][], norm: Norm, weights = rows.map((_, i) => i + 1)): number[] {
  return tf.tidy(() => {
    const f = (x: tf.Tensor) => tf.sum(tf.mul(dualNorm(x, norm, withoutTape), weights)) as tf.Scalar;
    return Array.from(
      tf
        .grad(f as never)(tf.tensor2d(rows))
        .dataSync(),
    );
  });
}

describe('exponents', () => {
  it('names stand for 1, 2 and Infinity, a number for itself', () => {
    expect(['l1', 'l2', 'linf', 3].map(norm => exponent(norm as Norm))).toEqual([1, 2, Infinity, 3]);
  });

  it.each(norms)('%s and its dual satisfy 1/p + 1/q = 1', norm => {
    expect(1 / exponent(norm) + 1 / dualExponent(norm)).toBeCloseTo(1, 12);
  });
});

describe.each(norms)('dualNorm for distances in %s', norm => {
  const rows = [0, 1, 2].map(i => Array.from(randoms(7, 40 + i)));

  it('equals the definition in float64', () => {
    expectClose(
      normsOf(rows, norm),
      rows.map(row => oracle(row, norm)),
      5e-7,
    );
  });

  it('measures each example of any rank as one vector', () => {
    const flat = Array.from(randoms(24, 3));
    const norm1 = tf.tidy(() => dualNorm(tf.tensor(flat, [2, 3, 2, 2]), norm).dataSync());
    const expected = [oracle(flat.slice(0, 12), norm), oracle(flat.slice(12), norm)];
    expectClose(norm1, expected, 5e-7);
  });

  it('has the slope of finite differences of the definition', () => {
    const slopes = slopesOf(rows, norm);
    const claimed: number[] = [];
    const measured: number[] = [];
    rows.forEach((row, i) => {
      for (let seed = 0; seed < 3; seed++) {
        const u = Array.from(randoms(7, 900 + 10 * i + seed));
        claimed.push(dot(slopes.slice(7 * i, 7 * i + 7), u));
        const along = (t: number) =>
          (i + 1) *
          oracle(
            row.map((r, j) => r + t * u[j]),
            norm,
          );
        measured.push(slopeAtZero(along, 1e-3));
      }
    });
    expectClose(claimed, measured, 2e-6);
  });

  it('is 0 with slope 0 at a zero row, and leaves the other rows alone', () => {
    const mixed = [[0, 0, 0, 0, 0, 0, 0], rows[0]];
    expectClose(normsOf(mixed, norm), [0, oracle(rows[0], norm)], 5e-7);
    const slopes = slopesOf(mixed, norm);
    expect(slopes.slice(0, 7)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expectClose(slopes.slice(7), slopesOf([rows[0], rows[0]], norm).slice(7), 1e-6);
  });

  it('has slope 0 at an entry of 0 beside larger ones', () => {
    expect(slopesOf([[0, 2, -3]], norm)[0]).toBe(0);
  });

  // Every norm is homogeneous: ||s r|| = s ||r||, and its slope does not depend on s at all.
  it.each([1e-30, 1e30])('neither under- nor overflows at %s', size => {
    const row = [0.5, -1, 0.25, 0.75];
    const big = row.map(r => r * size);
    expectClose(normsOf([big], norm), [oracle(row, norm) * size], 1e-6, size * 1e-6);
    expectClose(slopesOf([big], norm), slopesOf([row], norm), 1e-6);
  });

  it.each([
    [1e-28, 1e12],
    [1e30, 1e-12],
  ])('has a slope that neither under- nor overflows at %s, weighed by %s', (size, weight) => {
    const row = [0.5, -1, 0.25, 0.75];
    const steep = slopesOf([row.map(r => r * size)], norm, [weight]);
    expectClose(
      steep.map(slope => slope / weight),
      slopesOf([row], norm),
      1e-6,
    );
  });

  it('shares the slope of tied entries equally', () => {
    const [a, b, c] = slopesOf([[1, -1, 1]], norm, [1]);
    // By symmetry every entry has the same share s; homogeneity says s * (1 + 1 + 1) = ||(1, 1, 1)||.
    const share = oracle([1, 1, 1], norm) / 3;
    expectClose([a, b, c], [share, -share, share], 1e-6);
  });

  it.each([NaN, Infinity, -Infinity])('does not hide %s', value => {
    const [bad, good] = normsOf([[1, value, 2], rows[0].slice(0, 3)], norm);
    expect(Number.isFinite(bad)).toBe(false);
    expectClose([good], [oracle(rows[0].slice(0, 3), norm)], 5e-7);
  });

  it('leaves no tensor behind', () => {
    const x = tf.tensor2d(rows);
    expectNoLeak(() => dualNorm(x, norm)).dispose();
    x.dispose();
  });
});

describe('dualNorm', () => {
  it.each([0.5, 0, -1, NaN, 'l3'])('refuses the norm %s', async norm => {
    const x = tf.ones([1, 2]);
    await expectRefusal(() => dualNorm(x, norm as Norm), 'norm', 'dualNorm', 'p >= 1', String(norm));
    x.dispose();
  });
});
