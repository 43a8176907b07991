import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {columnSums} from '../../../../plugin/kernels/node/column_sums.js';
import {expectClose} from '../../../support/expect_close.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {randomTensor} from '../../../support/randoms.js';

describe('column sums', () => {
  // Odd and even numbers of rows, rows wider than what is folded, one row, one column.
  const shapes = [[7, 3], [64, 10], [1024, 16], [2, 3, 4, 5], [3, 5000], [1, 4], [96, 1], [5], [1, 1]];
  it.each(shapes.map(shape => [shape]))('are right, shape %s', shape => {
    const x = randomTensor(shape, 1);
    const columns = shape[shape.length - 1];
    const exact = new Float64Array(columns);
    x.dataSync().forEach((value, i) => (exact[i % columns] += value));
    const sums = expectNoLeak(() => columnSums(x));
    expect(sums.shape).toEqual([columns]);
    expectClose(sums.dataSync(), exact, 1e-6);
  });

  it('are more accurate than those of tfjs over many rows', () => {
    const x = tf.add(randomTensor([2 ** 16, 16], 3), 1);
    const exact = new Float64Array(16);
    x.dataSync().forEach((value, i) => (exact[i % 16] += value));
    const error = (t: tf.Tensor) =>
      Math.max(...Array.from(t.dataSync(), (value, i) => Math.abs(value / exact[i] - 1)));
    expect(error(columnSums(x))).toBeLessThan(Math.min(1e-6, error(tf.sum(x, 0))));
  });
});
