import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {defer, sourcesOf} from '../../../../plugin/kernels/node/deferred.js';
import {nativeBackend} from '../../../../plugin/kernels/node/native_backend.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';

const nativeTensors = () => (nativeBackend() as unknown as {getNumOfTFTensors(): number}).getNumOfTFTensors();
const counted = (x: tf.Tensor) => {
  const runs: string[] = [];
  const run = ([held]: tf.Tensor[]) => {
    runs.push('run');
    return tf.square(held);
  };
  return {runs, y: tf.engine().makeTensorFromTensorInfo(defer(x.shape, [x], run))};
};

describe('a result that is put off', () => {
  it('is computed once, when it is first asked for', () => {
    const x = tf.tensor1d([1, 2, 3]);
    const {runs, y} = counted(x);
    expect([y.shape, y.dtype, runs, sourcesOf(y)?.[0].dataId]).toEqual([[3], 'float32', [], x.dataId]);
    expect(Array.from(tf.add(y, 1).dataSync())).toEqual([2, 5, 10]);
    expect(Array.from(y.dataSync())).toEqual([1, 4, 9]);
    expect([runs, sourcesOf(y)]).toEqual([['run'], null]);
  });

  it('is never computed where nobody asks, and keeps nothing', () => {
    const x = tf.tensor1d([1, 2, 3]);
    x.dataSync();
    tf.neg(x).dispose();
    const before = [nativeTensors(), tf.memory().numDataBuffers];
    expectNoLeak(() => {
      const {runs, y} = counted(x);
      const copy = tf.clone(y);
      tf.dispose([y, copy]);
      expect(runs).toEqual([]);
    });
    expect([nativeTensors(), tf.memory().numDataBuffers]).toEqual(before);
  });

  it('keeps what it is made from until then, and no longer', () => {
    const x = tf.tensor1d([1, 2, 3]);
    const before = tf.memory();
    const {y} = counted(x);
    x.dispose();
    // One tensor of 12 bytes for another, and for as long as it is put off the data of both.
    expect(tf.memory()).toMatchObject({
      numTensors: before.numTensors,
      numDataBuffers: before.numDataBuffers + 1,
    });
    expect(Array.from(y.dataSync())).toEqual([1, 4, 9]);
    expect(tf.memory()).toMatchObject({numTensors: before.numTensors, numDataBuffers: before.numDataBuffers});
    y.dispose();
    expect(tf.memory()).toMatchObject({
      numTensors: before.numTensors - 1,
      numDataBuffers: before.numDataBuffers - 1,
    });
  });

  it('sees a variable as it was', () => {
    const v = tf.variable(tf.tensor1d([1, 2]));
    const {y} = counted(v);
    v.assign(tf.tensor1d([5, 5]));
    expect(Array.from(y.dataSync())).toEqual([1, 4]);
    tf.dispose([v, y]);
  });

  it('is not recorded on the tape of whoever asks', () => {
    const x = tf.tensor1d([1, 2]);
    const {y} = counted(x);
    const slope = tf.grad(z => tf.mul(z, y))(x);
    // y is a constant: a recorded square would add 2 x^2.
    expect(Array.from(slope.dataSync())).toEqual([1, 4]);
  });

  it('moves to another backend', async () => {
    const {y} = counted(tf.tensor1d([1, 2]));
    await tf.setBackend('cpu');
    try {
      expect(Array.from(tf.add(y, 1).dataSync())).toEqual([2, 5]);
      expect(tf.getBackend()).toBe('cpu');
    } finally {
      await tf.setBackend('tensorflow');
    }
  });

  it('lets go of what somebody has moved to another backend meanwhile', async () => {
    const x = tf.tensor1d([1, 2]);
    tf.neg(x).dispose();
    const before = tf.memory().numDataBuffers;
    const {y, runs} = counted(x);
    await tf.setBackend('cpu');
    try {
      tf.neg(x).dispose();
      tf.dispose([x, y]);
    } finally {
      await tf.setBackend('tensorflow');
    }
    expect([tf.memory().numDataBuffers, runs]).toEqual([before - 1, []]);
  });

  it('is computed where another is made from it: a chain holds one link, however long', () => {
    let last = tf.tensor1d([1]) as tf.Tensor;
    const before = tf.memory().numDataBuffers;
    for (let i = 0; i < 10_000; i++) {
      const next = counted(last).y;
      last.dispose();
      last = next;
    }
    expect(tf.memory().numDataBuffers).toBe(before + 1);
    // Without an end to the stack of calls.
    expect(Array.from(last.dataSync())).toEqual([1]);
    last.dispose();
  });

  it('can be asked for again after an error', () => {
    const x = tf.tensor1d([2]);
    const errors = [new Error('planted')];
    const run = ([held]: tf.Tensor[]) => {
      const error = errors.pop();
      if (error) throw error;
      return tf.square(held);
    };
    const y = tf.engine().makeTensorFromTensorInfo(defer([1], [x], run));
    expect(() => y.dataSync()).toThrow('planted');
    expect(tf.engine().state.kernelDepth).toBe(0);
    expect(y.dataSync()[0]).toBe(4);
  });
});
