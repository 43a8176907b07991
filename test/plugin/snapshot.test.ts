import * as tf from '@tensorflow/tfjs-core';
import {afterAll, beforeEach, describe, expect, it} from 'vitest';
import {restoringOnError, Snapshot} from '../../plugin/snapshot.js';
import {expectNoLeak} from '../support/expect_no_leak.js';
import {bitsOf} from './optimizer/stock.js';

const variables: tf.Variable[] = tf.tidy(() => [
  tf.variable(tf.tensor1d([1, 2]), false),
  tf.variable(tf.scalar(3), false),
]);
const [a, b] = variables;
const set = (v: tf.Variable, value: number) => tf.tidy(() => v.assign(tf.fill(v.shape, value)));

beforeEach(() => {
  tf.tidy(() => a.assign(tf.tensor1d([1, 2])));
  set(b, 3);
});
afterAll(() => tf.dispose(variables));

describe('a snapshot', () => {
  it('gives variables back what they had, bit for bit, and frees what it held', () => {
    const before = variables.map(bitsOf);
    expectNoLeak(() => {
      const snapshot = new Snapshot(variables);
      set(a, NaN);
      set(b, 7);
      snapshot.restore();
      snapshot.dispose();
      snapshot.dispose();
    });
    expect(variables.map(bitsOf)).toEqual(before);
  });

  it('copies no numbers, and leaves alone what has not moved', () => {
    const {numDataBuffers} = tf.memory();
    const snapshot = new Snapshot(variables);
    expect(tf.memory().numDataBuffers).toBe(numDataBuffers);
    const {dataId} = a;
    snapshot.restore();
    expect(a.dataId).toBe(dataId);
    snapshot.dispose();
  });

  it('keeps, if asked, what has moved only', () => {
    const snapshot = new Snapshot(variables);
    set(a, 5);
    const before = tf.memory().numTensors;
    snapshot.keepMoved();
    expect(before - tf.memory().numTensors).toBe(1);
    set(b, 8);
    snapshot.restore();
    expect([...a.dataSync(), ...b.dataSync()]).toEqual([1, 2, 8]);
    snapshot.dispose();
  });

  it('is not on the tape: it may be taken and given back while one is live', () => {
    const w = tf.variable(tf.scalar(2));
    const run = () => {
      const snapshot = new Snapshot([a, w]);
      set(a, 5);
      snapshot.restore();
      snapshot.dispose();
      return tf.square(w) as tf.Scalar;
    };
    const {value, grads} = tf.variableGrads(run);
    expect([value.dataSync()[0], grads[w.name].dataSync()[0]]).toEqual([4, 4]);
    expect([...a.dataSync()]).toEqual([1, 2]);
    tf.dispose([value, grads, w]);
  });

  it('lets variables be disposed of meanwhile', () => {
    const gone = tf.tidy(() => tf.variable(tf.scalar(1), false));
    const snapshot = new Snapshot([gone, b]);
    gone.dispose();
    set(b, 9);
    snapshot.keepMoved();
    snapshot.restore();
    expect(b.dataSync()[0]).toBe(3);
    snapshot.dispose();
  });
});

describe('restoringOnError', () => {
  it('gives back on an error, which it passes on, and not otherwise', () => {
    const planted = new Error('planted');
    expectNoLeak(() => {
      const failing = () => {
        set(b, 9);
        throw planted;
      };
      expect(() => restoringOnError(variables, failing)).toThrow(planted);
    });
    expect(b.dataSync()[0]).toBe(3);
    expect(expectNoLeak(() => restoringOnError(variables, () => (set(b, 9), 'result')))).toBe('result');
    expect(b.dataSync()[0]).toBe(9);
  });
});
