import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {lengthIn, steepestDirection} from '../../../src/evaluation/margin_direction.js';
import {dualNorm} from '../../../src/norms.js';
import type {Norm} from '../../../src/types.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';

const NORMS: Norm[] = ['l1', 'l2', 'linf', 1.5, 3, 1, Infinity];

describe('steepestDirection', () => {
  it.each(NORMS)('has length 1, and the dual norm as its slope: %s', norm => {
    const g = randomTensor([6, 3, 5], 4);
    const u = expectNoLeak(() => steepestDirection(g, norm));
    expect(u.shape).toEqual(g.shape);
    const slopes = tf.sum(tf.mul(u, g), [1, 2]);
    expectClose(lengthIn(norm, u).dataSync(), new Array(6).fill(1), 1e-6);
    expectClose(slopes.dataSync(), dualNorm(g, norm).dataSync(), 2e-6);
  });

  it('is the signs in linf, the unit vector in l2, the largest entries in l1', () => {
    const g = tf.tensor2d([[3, 0, -4]]);
    expectClose(steepestDirection(g, 'linf').dataSync(), [1, 0, -1], 0);
    expectClose(steepestDirection(g, 'l2').dataSync(), [0.6, 0, -0.8], 1e-7);
    expectClose(steepestDirection(g, 'l1').dataSync(), [0, 0, -1], 0);
    // Of two that are equally large each gets half.
    expectClose(steepestDirection(tf.tensor2d([[2, -2, 1]]), 'l1').dataSync(), [0.5, -0.5, 0], 0);
  });

  it.each(NORMS)('is 0 where the gradient is, and of length 1 for tiny and huge ones: %s', norm => {
    const zero = steepestDirection(tf.zeros([1, 4]), norm);
    expectClose(zero.dataSync(), [0, 0, 0, 0], 0);
    for (const size of [1e-30, 1e30]) {
      const u = steepestDirection(tf.tensor2d([[size, -2 * size]]), norm);
      expectClose(lengthIn(norm, u).dataSync(), [1], 1e-6);
    }
  });
});

describe('lengthIn', () => {
  it('is the norm itself, not its dual', () => {
    const x = tf.tensor2d([[3, -4]]);
    const length = (norm: Norm) => lengthIn(norm, x).dataSync()[0];
    expectClose([length('l1'), length('l2'), length('linf')], [7, 5, 4], 1e-7);
    expectClose([length(3)], [Math.cbrt(27 + 64)], 1e-6);
  });
});
