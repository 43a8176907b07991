import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import type {AttackProgress} from '../../../src/attacks/attack_types.js';
import {inTurn, whileHeld} from '../../../src/attacks/in_turn.js';
import {errorOf, expectNoLeakAsync} from '../../support/expect_no_leak.js';

const found = () => ({adversarial: tf.zeros([1])});

describe('whileHeld', () => {
  it('holds x and labels while the caller disposes of them, and lets them go', async () => {
    const [x, labels] = [tf.tensor2d([[1, 2]]), tf.tensor1d([1], 'int32')];
    const before = tf.memory().numTensors;
    const sum = whileHeld(x, labels, async held => {
      await Promise.resolve();
      return tf.tidy(() => tf.sum(held.x).dataSync()[0] + held.labels.dataSync()[0]);
    });
    tf.dispose([x, labels]);
    expect(await sum).toBe(4);
    expect(tf.memory().numTensors).toBe(before - 2);
  });

  it('takes labels in an array, as they were', async () => {
    const x = tf.zeros([2, 1]);
    const labels = [1, 0];
    const held = whileHeld(x, labels, async held => {
      await Promise.resolve();
      return [...(await held.labels.data())];
    });
    labels.fill(9);
    expect(await held).toEqual([1, 0]);
    x.dispose();
  });
});

describe('inTurn', () => {
  it('gives what each attack finds, one after the other', async () => {
    const order: string[] = [];
    const results = await inTurn(['a', 'b'], undefined, async item => {
      order.push(`${item} begins`);
      await Promise.resolve();
      order.push(`${item} ends`);
      return {...found(), item};
    });
    expect(results.map(({item}) => item)).toEqual(['a', 'b']);
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
    tf.dispose(results.map(({adversarial}) => adversarial));
  });

  it('counts the examples of all', async () => {
    const seen: Array<[number, number]> = [];
    const progress = {attack: 'fgsm', examples: 1, of: 4, step: 1, active: 3};
    const see = ({examples, of}: AttackProgress) => seen.push([examples, of]);
    const results = await inTurn([0, 1, 2], see, async (_, onProgress) => {
      onProgress?.(progress);
      return found();
    });
    // Three attacks on 4 each: 1 of 12, then 4 + 1 and 8 + 1.
    expect(seen).toEqual([
      [1, 12],
      [5, 12],
      [9, 12],
    ]);
    tf.dispose(results.map(({adversarial}) => adversarial));
  });

  it('disposes of what the others have found when one fails', async () => {
    const failure = await expectNoLeakAsync(() =>
      errorOf(() =>
        inTurn([1, 2], undefined, async item => {
          if (item === 2) throw new Error('the second fails');
          return [found(), found()];
        }),
      ),
    );
    expect(String(failure)).toMatch('the second fails');
  });
});
