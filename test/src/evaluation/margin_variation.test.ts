import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {batchMoments, TotalVariation} from '../../../src/evaluation/margin_variation.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';

/** By two passes in double precision. */
function byHand(rows: number[][]): number {
  const means = rows[0].map((_, j) => rows.reduce((sum, row) => sum + row[j], 0) / rows.length);
  const squares = rows.flatMap(row => row.map((value, j) => (value - means[j]) ** 2));
  return squares.reduce((a, b) => a + b, 0) / rows.length;
}

function variation(x: tf.Tensor, batchSize: number): number {
  const sum = new TotalVariation();
  for (let start = 0; start < x.shape[0]; start += batchSize) {
    const count = Math.min(batchSize, x.shape[0] - start);
    const {mean, squares} = tf.tidy(() => batchMoments(tf.slice(x, start, count)));
    sum.add(mean.dataSync(), squares.dataSync()[0], count);
  }
  return sum.value;
}

describe('TotalVariation', () => {
  it('is the trace of the covariance matrix', () => {
    // Means (2, 0); differences (-1, -1), (1, 1): 4 / 2.
    expect(variation(tf.tensor2d([1, -1, 3, 1], [2, 2]), 2)).toBe(2);
  });

  it('is the same whatever the batches, far from 0 as well', () => {
    for (const offset of [0, 1000]) {
      const x = tf.add(randomTensor([23, 4, 3], 3), offset);
      const expected = byHand(tf.reshape(x, [23, 12]).arraySync() as number[][]);
      for (const batchSize of [1, 5, 23]) expectClose([variation(x, batchSize)], [expected], 2e-5);
    }
  });

  it('is 0 for one example or a layer that is always the same, NaN for none', () => {
    expect(variation(tf.ones([1, 3]), 1)).toBe(0);
    expect(variation(tf.ones([7, 3]), 2)).toBe(0);
    expect(new TotalVariation().value).toBeNaN();
  });
});

describe('batchMoments', () => {
  it('leaves no tensor but its two', () => {
    const x = randomTensor([5, 2, 2], 1);
    const {mean, squares} = expectNoLeak(() => batchMoments(x));
    expect([mean.shape, squares.shape]).toEqual([[4], []]);
  });
});
