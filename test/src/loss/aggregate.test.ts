import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {withoutTape} from '../../../src/distance/live_tape.js';
import {aggregateBatch, aggregateRivals} from '../../../src/loss/aggregate.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';

const rows = [
  [1, 5, 2],
  [3, 0, 3],
];

function valuesOf(penalties: number[][], aggregate: 'max' | 'sum'): number[] {
  return tf.tidy(() => Array.from(aggregateRivals(tf.tensor2d(penalties), aggregate).dataSync()));
}

function slopesOf(penalties: number[][], aggregate: 'max' | 'sum'): number[] {
  return tf.tidy(() => {
    const f = (p: tf.Tensor) =>
      tf.sum(aggregateRivals(p as tf.Tensor2D, aggregate, g => withoutTape(g))) as tf.Scalar;
    return Array.from(
      tf
        .grad(f as never)(tf.tensor2d(penalties))
        .dataSync(),
    );
  });
}

describe('aggregateRivals', () => {
  it("is the largest penalty for 'max' and the total for 'sum'", () => {
    expectClose(valuesOf(rows, 'max'), [5, 3], 0);
    expectClose(valuesOf(rows, 'sum'), [8, 6], 0);
  });

  it("gives the slope to the largest for 'max', shared equally by ties, and 1 to each for 'sum'", () => {
    expectClose(slopesOf(rows, 'max'), [0, 1, 0, 0.5, 0, 0.5], 0);
    expectClose(slopesOf(rows, 'sum'), [1, 1, 1, 1, 1, 1], 0);
  });

  it('is the penalty itself of an only rival, with slope 1', () => {
    for (const aggregate of ['max', 'sum'] as const) {
      expectClose(valuesOf([[4], [0]], aggregate), [4, 0], 0);
      expectClose(slopesOf([[4], [0]], aggregate), [1, 1], 0);
    }
  });

  it.each(['max', 'sum'] as const)('reports NaN of any rival (%s)', aggregate => {
    expect(valuesOf([[1, NaN]], aggregate)).toEqual([NaN]);
    expect(valuesOf([[NaN, 1]], aggregate)).toEqual([NaN]);
  });

  it('leaves no tensor behind', () => {
    for (const values of [rows, [[1], [2]]]) {
      const p = tf.tensor2d(values);
      for (const aggregate of ['max', 'sum'] as const) {
        expectNoLeak(() => aggregateRivals(p, aggregate)).dispose();
      }
      p.dispose();
    }
  });
});

describe('aggregateBatch', () => {
  it('is the mean, or the mean of the weighed values', () => {
    const [values, weights] = [tf.tensor1d([1, 5, 3]), tf.tensor1d([1, 0, 4])];
    const plain = expectNoLeak(() => aggregateBatch(values));
    const weighed = expectNoLeak(() => aggregateBatch(values, weights));
    // (1 + 5 + 3) / 3 and (1 + 0 + 12) / 3: the weights are not normalised, as in tfjs.
    expectClose([...plain.dataSync(), ...weighed.dataSync()], [3, 13 / 3], 1e-6);
    tf.dispose([values, weights, plain, weighed]);
  });
});
