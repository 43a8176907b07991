import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {oneHotLabels, readLabels} from '../../../src/scores/labels.js';
import {expectNoLeak, expectRefusal} from '../../support/expect_no_leak.js';

const oneHot = [
  [0, 1, 0],
  [1, 0, 0],
];

describe('readLabels', () => {
  it.each<[string, () => tf.Tensor]>([
    ['float one-hot rows', () => tf.tensor2d(oneHot)],
    ['integer one-hot rows', () => tf.tensor2d(oneHot, [2, 3], 'int32')],
    ['boolean one-hot rows', () => tf.tensor2d(oneHot, [2, 3], 'bool')],
    ['integer indices', () => tf.tensor1d([1, 0], 'int32')],
    ['float indices', () => tf.tensor1d([1, 0])],
    ['a column of indices', () => tf.tensor2d([[1], [0]])],
  ])('reads %s', (_, make) => {
    const labels = make();
    expect(Array.from(expectNoLeak(() => readLabels('f', labels, 2, 3)))).toEqual([1, 0]);
    labels.dispose();
  });

  it('takes [batch, 2] for one-hot where there are 2 classes', () => {
    const labels = tf.tensor2d([
      [0, 1],
      [1, 0],
    ]);
    expect(Array.from(readLabels('f', labels, 2, 2))).toEqual([1, 0]);
    labels.dispose();
  });

  it.each<[string, () => tf.Tensor, string]>([
    ['too many rows', () => tf.zeros([3, 3]), 'got [3, 3]'],
    ['too few indices', () => tf.zeros([1]), 'got [1]'],
    ['another number of classes', () => tf.zeros([2, 4]), 'got [2, 4]'],
    ['a scalar', () => tf.scalar(1), 'got []'],
    ['rank 3', () => tf.zeros([2, 3, 1]), 'got [2, 3, 1]'],
  ])('refuses %s and says which shapes it takes', async (_, make, got) => {
    const labels = make();
    await expectRefusal(() => readLabels('f', labels, 2, 3), 'labels', 'f: ', '[2, 3]', '[2]', got);
    labels.dispose();
  });

  it('takes one form only where one is asked for, and names it', async () => {
    const [rows, indices] = [tf.tensor2d(oneHot), tf.tensor1d([1, 0])];
    expect(Array.from(readLabels('f', rows, 2, 3, 'oneHot'))).toEqual([1, 0]);
    expect(Array.from(readLabels('f', indices, 2, 3, 'indices'))).toEqual([1, 0]);
    await expectRefusal(
      () => readLabels('f', indices, 2, 3, 'oneHot'),
      'labels',
      '[2, 3] (one-hot), got [2]',
    );
    await expectRefusal(
      () => readLabels('f', rows, 2, 3, 'indices'),
      'labels',
      '[2] (class indices), got [2, 3]',
    );
    tf.dispose([rows, indices]);
  });

  it.each<[string, number[]]>([
    ['two ones', [1, 1, 0]],
    ['no one', [0, 0, 0]],
    ['soft labels', [0.9, 0.1, 0]],
    ['a negative entry', [1, -1, 0]],
    ['NaN', [NaN, 1, 0]],
    ['Infinity', [Infinity, 0, 0]],
  ])('refuses a row with %s and names the example', async (_, row) => {
    const labels = tf.tensor2d([[0, 1, 0], row]);
    await expectRefusal(() => readLabels('f', labels, 2, 3), 'labels', 'one-hot', 'example 1', 'one class');
    labels.dispose();
  });

  it.each([3, -1, 0.5, NaN, Infinity])(
    'refuses the index %s and names the example and the range',
    async index => {
      const labels = tf.tensor1d([0, 1, index]);
      await expectRefusal(() => readLabels('f', labels, 3, 3), 'labels', '0..2', 'example 2', `got ${index}`);
      labels.dispose();
    },
  );
});

describe('oneHotLabels', () => {
  it('gives float32 rows with a 1 at the index', () => {
    const rows = expectNoLeak(() => oneHotLabels(Int32Array.from([1, 0]), 3));
    expect([rows.dtype, rows.arraySync()]).toEqual(['float32', oneHot]);
    rows.dispose();
  });
});
