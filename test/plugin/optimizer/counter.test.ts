import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {Counter} from '../../../plugin/optimizer/counter.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';

describe('a counter', () => {
  it('gives one tensor for one number, and keeps no other', () => {
    const before = tf.memory().numTensors;
    const counter = new Counter();
    const three = counter.tensorOf(3);
    expect([three.dtype, three.shape, three.dataSync()[0]]).toEqual(['int32', [], 3]);
    expect(counter.tensorOf(3)).toBe(three);
    expect(counter.tensorOf(4).dataSync()[0]).toBe(4);
    expect(three.isDisposed).toBe(true);
    expect(tf.memory().numTensors).toBe(before + 1);
    counter.dispose();
    counter.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('makes it again where somebody disposed of it, and keeps it out of a tidy', () => {
    const counter = new Counter();
    counter.tensorOf(3).dispose();
    const again = tf.tidy(() => {
      counter.tensorOf(3);
      return [];
    });
    expect(again).toEqual([]);
    expect(expectNoLeak(() => ({n: counter.tensorOf(3).dataSync()[0]})).n).toBe(3);
    counter.dispose();
  });
});
