import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {classScores} from '../../../src/scores/class_scores.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';

describe('classScores', () => {
  it('hands logits through, the very same tensor', () => {
    const logits = tf.tensor2d([[1, 2]]);
    expectNoLeak(() => void expect(classScores(logits, 'logits')).toBe(logits));
    logits.dispose();
  });

  it('turns logits into probabilities and leaves no other tensor behind', () => {
    // exp(0), exp(ln 2), exp(ln 5) = 1, 2, 5 of 8; adding 1000 to all logits changes nothing.
    const logits = tf.tensor2d([
      [0, Math.LN2, Math.log(5)],
      [1000, 1000 + Math.LN2, 1000 + Math.log(5)],
    ]);
    const scores = expectNoLeak(() => classScores(logits, 'probabilities'));
    expectClose(scores.dataSync().slice(0, 3), [1 / 8, 2 / 8, 5 / 8], 1e-6);
    // 1000 + x is rounded to 6e-5.
    expectClose(scores.dataSync().slice(3), [1 / 8, 2 / 8, 5 / 8], 1e-4);
    tf.dispose([logits, scores]);
  });

  it('is finite for logits of 1e4', () => {
    const scores = tf.tidy(() => classScores(tf.tensor2d([[1e4, -1e4]]), 'probabilities').dataSync());
    expect(Array.from(scores)).toEqual([1, 0]);
  });
});
