import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {crossEntropy} from '../../../src/scores/cross_entropy.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';
import {randoms} from '../../support/randoms.js';
import {labelsOf} from '../../support/tiny_models.js';

/** -log softmax(row)_label in float64. */
function oracle(row: number[], label: number): number {
  const largest = Math.max(...row);
  return largest + Math.log(row.reduce((total, z) => total + Math.exp(z - largest), 0)) - row[label];
}

function valuesOf(rows: number[][], labels: number[]): Float32Array {
  return tf.tidy(
    () => crossEntropy(labelsOf(labels, rows[0].length), tf.tensor2d(rows)).dataSync() as Float32Array,
  );
}

function slopesOf(rows: number[][], labels: number[]): Float32Array {
  return tf.tidy(() => {
    const y = labelsOf(labels, rows[0].length);
    const f = (z: tf.Tensor) => tf.sum(crossEntropy(y, z as tf.Tensor2D)) as tf.Scalar;
    return tf
      .grad(f as never)(tf.tensor2d(rows))
      .dataSync() as Float32Array;
  });
}

describe('crossEntropy', () => {
  const rows = [0, 1, 2, 3].map(i => Array.from(randoms(5, i + 1), r => 3 * r));
  const labels = [0, 4, 2, 1];

  it('equals -log softmax of the label in float64', () => {
    const expected = rows.map((row, i) => oracle(row, labels[i]));
    expectClose(valuesOf(rows, labels), expected, 1e-6);
  });

  it('has the slope softmax - label', () => {
    const expected = rows.flatMap((row, i) =>
      row.map((_, c) => Math.exp(-oracle(row, c)) - +(c === labels[i])),
    );
    expectClose(slopesOf(rows, labels), expected, 1e-6);
  });

  it('is log(classes) where all logits tie', () => {
    expectClose(valuesOf([[7, 7, 7, 7]], [2]), [Math.log(4)], 1e-6);
  });

  it('is the gap, with slope -1 and 1, where the wrong class leads by 1e4', () => {
    // log(exp(0) + exp(-1e4)) = 0 in every float: the value is the gap itself.
    expect(Array.from(valuesOf([[0, 1e4, -1e4]], [0]))).toEqual([1e4]);
    expect(Array.from(slopesOf([[0, 1e4, -1e4]], [0]))).toEqual([-1, 1, 0]);
  });

  it('is 0 with slope 0 where the true class leads by 1e4', () => {
    expectClose(valuesOf([[1e4, 0, 5]], [0]), [0], 0, 1);
    expectClose(slopesOf([[1e4, 0, 5]], [0]), [0, 0, 0], 0, 1);
  });

  it('keeps a slope where a clip of probabilities at 1e-7 has none: a gap of 20', () => {
    // exp(-20) = 2.06e-9 is what the label lacks of 1.
    const [label, rival] = slopesOf([[0, 20]], [0]);
    expectClose([label, rival], [-1, 1], 1e-6);
    const [, small] = slopesOf([[20, 0]], [0]);
    expectClose([small], [Math.exp(-20)], 1e-5);
  });

  it('reports NaN', () => {
    expect(valuesOf([[NaN, 0]], [1])[0]).toBeNaN();
  });

  it('leaves no tensor behind', () => {
    const [y, z] = [labelsOf(labels, 5), tf.tensor2d(rows)];
    expectNoLeak(() => crossEntropy(y, z)).dispose();
    tf.dispose([y, z]);
  });
});
