import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {withoutTape} from '../../src/distance/live_tape.js';
import {dualExponent, dualNorm} from '../../src/norms.js';
import type {Norm} from '../../src/types.js';

const ROWS = 10_000;
const WIDTH = 6;
const NORMS: Norm[] = ['l1', 'l2', 'linf', 3, 1.5];
// Sums of six such numbers stay in the range of float32. Below the floor float32 has fewer than 24 bits, or, on
// engines that flush subnormals, none at all.
const LARGEST = 1e37;
const FLOOR = 1e-30;

/** Gradients as nobody would think of them: zeros, subnormals, 1e-30 beside 1e30. */
function strangeGradients(): Float32Array {
  const value = fc.float({
    noNaN: true,
    noDefaultInfinity: true,
    min: Math.fround(-LARGEST),
    max: Math.fround(LARGEST),
  });
  const common = fc.constantFrom(0, -0, 1, -1, 1e-45, 1e-30, 1e30, -1e-38);
  const row = fc.array(fc.oneof(value, common), {minLength: WIDTH, maxLength: WIDTH});
  return Float32Array.from(fc.sample(row, {numRuns: ROWS, seed: 1}).flat());
}

/** The same norm in float64, where nothing of this under- or overflows. */
function oracle(row: Float32Array, norm: Norm): number {
  const q = dualExponent(norm);
  const sizes = Array.from(row, Math.abs);
  const largest = Math.max(...sizes);
  if (largest === 0 || q === Infinity) return largest;
  return largest * sizes.reduce((total, size) => total + (size / largest) ** q, 0) ** (1 / q);
}

describe.each(NORMS)(`the dual norm of l_p, p = %s, over ${ROWS} strange gradients`, norm => {
  const values = strangeGradients();
  const gradient = tf.tensor2d(values, [ROWS, WIDTH]);
  const norms = dualNorm(gradient, norm).dataSync();
  const slopes = tf
    .grad(g => tf.sum(dualNorm(g, norm, withoutTape)))(gradient)
    .dataSync();

  it('is finite, and so is its slope', () => {
    expect(norms.every(Number.isFinite)).toBe(true);
    expect(slopes.every(Number.isFinite)).toBe(true);
  });

  it('agrees with float64', () => {
    let worst = 0;
    for (let i = 0; i < ROWS; i++) {
      const expected = oracle(values.subarray(i * WIDTH, (i + 1) * WIDTH), norm);
      worst = Math.max(worst, Math.abs(norms[i] - expected) / Math.max(expected, FLOOR));
    }
    expect(worst).toBeLessThan(2e-6);
  });

  it('is its own directional derivative along the gradient (Euler: norms are homogeneous)', () => {
    let worst = 0;
    for (let i = 0; i < ROWS; i++) {
      let along = 0;
      for (let j = 0; j < WIDTH; j++) along += values[i * WIDTH + j] * slopes[i * WIDTH + j];
      worst = Math.max(worst, Math.abs(along - norms[i]) / Math.max(norms[i], FLOOR));
    }
    expect(worst).toBeLessThan(1e-5);
  });
});
