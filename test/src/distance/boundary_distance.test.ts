import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {boundaryDistance} from '../../../src/distance/boundary_distance.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak, expectRefusal} from '../../support/expect_no_leak.js';

function distances(gaps: number[][], norms: number[][], ...rest: number[]): number[] {
  return tf.tidy(() =>
    Array.from(boundaryDistance(tf.tensor2d(gaps), tf.tensor2d(norms), ...rest).dataSync()),
  );
}

describe('boundaryDistance', () => {
  it('is gap / (epsilon + norm / scale), with the sign of the gap', () => {
    // 6 / (0.5 + 10 / 4) = 2; -3 / (0.5 + 2 / 4) = -3.
    expectClose(distances([[6, -3]], [[10, 2]], 0.5, 4), [2, -3], 1e-6);
  });

  it('is gap / norm for the default epsilon of 1e-6, to a millionth', () => {
    expectClose(distances([[6, -3]], [[2, 3]]), [3, -1], 1e-6);
  });

  it('is gap / epsilon where the gradient is 0: finite, and 0 for identical scores', () => {
    expectClose(distances([[2, 0]], [[0, 0]], 1e-3), [2000, 0], 1e-6);
  });

  it('reports NaN of either', () => {
    expect(distances([[NaN, 1]], [[1, NaN]])).toEqual([NaN, NaN]);
  });

  it('is NaN, not 0, where the gradient is infinite', () => {
    expect(distances([[2, 2]], [[Infinity, 4]], 0, 2)).toEqual([NaN, 1]);
  });

  it('has the slopes of a quotient', () => {
    const [dGap, dNorm] = tf.tidy(() => {
      const f = (g: tf.Tensor, n: tf.Tensor) => boundaryDistance(g as tf.Tensor2D, n, 0.5, 4) as tf.Tensor;
      const grads = tf.grads(f)([tf.tensor2d([[6]]), tf.tensor2d([[10]])]);
      return grads.map(t => t.dataSync()[0]);
    });
    // d = g / v with v = 3: 1/v = 1/3 and -g/v^2 / 4 = -1/6.
    expectClose([dGap, dNorm], [1 / 3, -1 / 6], 1e-6);
  });

  it('refuses gradient norms of another shape and leaves no tensor behind', async () => {
    const [g, n] = [tf.ones<tf.Rank.R2>([2, 3]), tf.ones([3, 2])];
    await expectRefusal(() => boundaryDistance(g, n), 'gradientNorms', '[2,3]', '[3, 2]');
    const ok = tf.ones([2, 3]);
    expectNoLeak(() => boundaryDistance(g, ok, 1e-6, 2)).dispose();
    tf.dispose([g, n, ok]);
  });
});
