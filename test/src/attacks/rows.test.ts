import * as tf from '@tensorflow/tfjs-core';
import {expect, it} from 'vitest';
import {replaceRows, Rows, takeRows} from '../../../src/attacks/rows.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';

const x = tf.tensor3d([0, 1, 2, 3, 4, 5, 6, 7], [4, 1, 2]);
const read = (t: tf.Tensor) => Array.from(t.dataSync());

it('takes rows at places, in their order, twice where asked', () => {
  const taken = expectNoLeak(() => takeRows(x, [3, 0, 3]));
  expect(taken.shape).toEqual([3, 1, 2]);
  expect(read(taken)).toEqual([6, 7, 0, 1, 6, 7]);
  taken.dispose();
});

it('takes no rows at no places', () => {
  const none = expectNoLeak(() => takeRows(x, []));
  expect(none.shape).toEqual([0, 1, 2]);
  none.dispose();
});

it('puts rows together again that were put aside at different times', () => {
  const whole = expectNoLeak(() => {
    const rows = new Rows();
    rows.put([2], takeRows(x, [2]));
    rows.put([], takeRows(x, []));
    rows.put([3, 0], takeRows(x, [3, 0]));
    rows.put([1], takeRows(x, [1]));
    return rows.whole();
  });
  expect(read(whole)).toEqual(read(x));
  whole.dispose();
});

it('keeps rows for as long as they are not asked for, whatever tidy is around', () => {
  const before = tf.memory().numTensors;
  const rows = new Rows();
  tf.tidy(() => rows.put([0, 1, 2, 3], tf.clone(x)));
  expect(tf.memory().numTensors).toBe(before + 1);
  rows.dispose();
  rows.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

it('replaces rows and leaves the others, some, all and none', () => {
  for (const places of [[1], [3, 1], [0, 1, 2, 3], []]) {
    const rows = tf.tidy(() => tf.neg(takeRows(x, places)));
    const before = tf.memory().numTensors;
    const replaced = replaceRows(x, places, rows);
    // Taken over: one tensor for another.
    expect(tf.memory().numTensors).toBe(before);
    const expected = read(x).map((v, i) => (places.includes(Math.floor(i / 2)) ? -v : v));
    expect(read(replaced)).toEqual(expected);
    replaced.dispose();
  }
});
