import * as tf from '@tensorflow/tfjs-node';
import {describe, expect, it} from 'vitest';
import {attack, isRight} from '../../../demos/experiments/ifgsm.js';
import {expectClose} from '../../support/expect_close.js';

// Two classes by the mean of two pixels: logits (s, -s), s = 10 * (p0 + p1 - 1).
const weights = tf.tensor2d([10, -10, 10, -10], [2, 2]);
const logits = (x: tf.Tensor4D) => tf.sub(tf.matMul(x.reshape([-1, 2]), weights), [10, -10]) as tf.Tensor2D;
const pictures = (values: number[]) => tf.tensor4d(values, [values.length / 2, 1, 2, 1]);

describe('I-FGSM', () => {
  it('moves each pixel by epsilon against the true class and never leaves 0..1', () => {
    const x = pictures([0.9, 0.9, 0.1, 0.05]);
    const y = tf.tensor2d([1, 0, 0, 1], [2, 2]);
    const {pictures: attacked} = attack(logits, x, y, 0.2);
    // Class 0 wants bright pixels, so they fall by 0.2; class 1 wants dark ones, so they rise.
    expectClose(attacked.dataSync(), [0.7, 0.7, 0.3, 0.25], 1e-5);
    const {pictures: strong} = attack(logits, x, y, 3);
    expectClose(strong.dataSync(), [0, 0, 1, 1], 1e-5);
  });

  it('counts an example as right only where both attacks fail', () => {
    // p0 + p1 - 1 is 0.8 and 0.1: an attack of 0.2 takes 0.4 off, which only the first survives.
    const x = pictures([0.9, 0.9, 0.55, 0.55]);
    const y = tf.tensor2d([1, 0, 1, 0], [2, 2]);
    const outcome = attack(logits, x, y, 0.2);
    expect(outcome.accuracy).toBe(0.5);
    expect(outcome.underLogitMargin).toBe(0.5);
  });

  it('finds the way through a saturated softmax by the logit margin, where cross-entropy sees no gradient', () => {
    const saturated = (x: tf.Tensor4D) => tf.mul(logits(x), 1000) as tf.Tensor2D;
    const x = pictures([0.7, 0.7]);
    const outcome = attack(saturated, x, tf.tensor2d([1, 0], [1, 2]), 0.3);
    expect(outcome.underCrossEntropy).toBe(1);
    expect(outcome.underLogitMargin).toBe(0);
    expect(outcome.accuracy).toBe(0);
  });

  it('never counts a NaN as right', () => {
    const broken = (x: tf.Tensor4D) => tf.mul(logits(x), NaN) as tf.Tensor2D;
    expect(isRight(broken, pictures([0.9, 0.9]), tf.tensor2d([1, 0], [1, 2]))).toEqual([false]);
  });

  it('leaves one tensor: the attacked pictures', () => {
    const [x, y] = [pictures([0.9, 0.9]), tf.tensor2d([1, 0], [1, 2])];
    const before = tf.memory().numTensors;
    const {pictures: attacked} = attack(logits, x, y, 0.1);
    expect(tf.memory().numTensors).toBe(before + 1);
    attacked.dispose();
  });
});
