import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {withoutTape} from '../../../src/distance/live_tape.js';
import {marginPenalty} from '../../../src/loss/margin_penalty.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';

function penalties(distances: number[], gamma: number, clip: number | null): number[] {
  return tf.tidy(() => Array.from(marginPenalty(tf.tensor2d([distances]), gamma, clip).dataSync()));
}

describe('marginPenalty', () => {
  it('is what a distance falls short of gamma', () => {
    // gamma - d: 2 - 0.5, 2 - 2, 2 + 1.
    expectClose(penalties([0.5, 2, -1], 2, 4), [1.5, 0, 3], 1e-7);
  });

  it('is exactly 0 beyond gamma and exactly clip x gamma far on the wrong side', () => {
    expect(penalties([2.0001, 5, 1e30, -6, -7, -1e30], 2, 4)).toEqual([0, 0, 0, 8, 8, 8]);
  });

  it('has no cap where clip is null', () => {
    expectClose(penalties([-1e6, 3, 1e30], 2, null), [1e6 + 2, 0, 0], 1e-7);
  });

  it('stays within [0, clip x gamma] for 1000 distances of all sizes', () => {
    const distances = Array.from({length: 1000}, (_, i) => (i % 2 ? 1 : -1) * 10 ** (i / 50 - 10));
    for (const value of penalties(distances, 0.3, 2)) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(Math.fround(0.6));
    }
  });

  it.each([4, null])('is NaN, never clipped away, where a distance is not finite (clip %s)', clip => {
    const [a, b, c, d] = penalties([NaN, Infinity, -Infinity, 1], 2, clip);
    expect([a, b, c]).toEqual([NaN, NaN, NaN]);
    expectClose([d], [1], 1e-7);
  });

  it.each([4, null])('has slope -1 between the bounds and 0 outside (clip %s)', clip => {
    const slope = tf.tidy(() => {
      const f = (d: tf.Tensor) =>
        tf.sum(marginPenalty(d as tf.Tensor2D, 2, clip, g => withoutTape(g))) as tf.Scalar;
      return Array.from(
        tf
          .grad(f as never)(tf.tensor2d([[1, -1, 3, -20]]))
          .dataSync(),
      );
    });
    expectClose(slope, [-1, -1, 0, clip === null ? -1 : 0], 0);
  });

  it('leaves no tensor behind', () => {
    const d = tf.tensor2d([[1, NaN]]);
    expectNoLeak(() => marginPenalty(d, 2, 4)).dispose();
    expectNoLeak(() => marginPenalty(d, 2, null)).dispose();
    d.dispose();
  });
});
