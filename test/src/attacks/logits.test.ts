import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {
  areProbabilities,
  checkLogits,
  logitsOf,
  readLogits,
  withinClassifier,
} from '../../../src/attacks/logits.js';
import type {Classifier} from '../../../src/types.js';
import {forThisFile} from '../../support/attacked_nets.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';

const x = forThisFile(
  tf.tensor2d([
    [1, 2, 3],
    [4, 5, 6],
  ]),
);

describe('logits', () => {
  it('are read in the scope that the classifier wants, and nothing is left behind', async () => {
    const scopes: string[] = [];
    const within = <T>(f: () => T) => {
      scopes.push('in');
      const result = f();
      scopes.push('out');
      return result;
    };
    const classifier: Classifier = Object.assign((x: tf.Tensor) => (scopes.push('call'), tf.mul(x, 2)), {
      within,
    });
    const read = await expectNoLeakAsync(() => readLogits('toy', classifier, x));
    expect(read).toEqual({logits: Float32Array.of(2, 4, 6, 8, 10, 12), classes: 3});
    expect(scopes).toEqual(['in', 'call', 'out']);
    expect(
      withinClassifier(
        x => x,
        () => 7,
      ),
    ).toBe(7);
  });

  it('may be the input itself, or a tensor that the classifier keeps: neither is disposed of', async () => {
    const constant = forThisFile(tf.ones([2, 3]));
    await readLogits('toy', x => x, x);
    await readLogits('toy', () => constant, x);
    expect(x.isDisposed || constant.isDisposed).toBe(false);
  });

  it('must have the shape that is known', async () => {
    await expectRefusal(() => logitsOf('toy', x => x, x, 4), 'classifier', 'float32 logits [2, 4], got');
    await expectRefusal(() => checkLogits('toy', x, 3), 'classifier', '[3, classes >= 2]');
    expect(logitsOf('toy', x => x, x, 3)).toBe(x);
  });
});

describe('probabilities are known by', () => {
  const rows = (...values: number[]) => areProbabilities(Float32Array.from(values), 3);

  it('rows in [0, 1] that add up to 1', () => {
    expect(rows(0.2, 0.3, 0.5, 1, 0, 0)).toBe(true);
    expect(areProbabilities(tf.softmax(x).dataSync() as Float32Array, 3)).toBe(true);
  });

  it('all rows, not by one alone', () => {
    expect(rows(0.2, 0.3, 0.5, 1, 2, 3)).toBe(false);
    expect(rows(0.2, 0.3, 0.4)).toBe(false);
    expect(rows(1.5, -0.5, 0)).toBe(false);
    expect(rows(0, 0, 0)).toBe(false);
  });

  it('those rows that are numbers, if there are any', () => {
    expect(rows(0.2, 0.3, 0.5, NaN, 0, 1)).toBe(true);
    expect(rows(1, 2, 3, NaN, 0, 1)).toBe(false);
    expect(rows(NaN, NaN, NaN)).toBe(false);
    expect(rows(Infinity, 0, 0)).toBe(false);
  });
});
