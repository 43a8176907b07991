import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {members, standardSet, type AutoAttackMember} from '../../../src/attacks/auto_attack_members.js';
import {Search, type Task} from '../../../src/attacks/search.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';

/** Runs a member on a net whose class 0 no radius of 0.1 makes wrong, and gives how often the net was asked. */
async function callsOf(name: AutoAttackMember, classes: number, seed = 0) {
  const weights = randomTensor<tf.Tensor2D>([8, classes], 1);
  const bias = tf.tidy(() => tf.mul(tf.cast(tf.oneHot(tf.tensor1d([0], 'int32'), classes), 'float32'), 100));
  const x = tf.fill([3, 8], 0.5);
  let calls = 0;
  const task: Task = {
    caller: 'test',
    classifier: points => {
      calls++;
      return tf.tidy(() => tf.add(tf.matMul(points as tf.Tensor2D, weights), bias));
    },
    classes,
    norm: 'linf',
    bounds: [0, 1],
    targeted: false,
    epsilon: 0.1,
    noteGradient: () => undefined,
    step: () => Promise.resolve(),
  };
  const search = new Search(task, x, new Int32Array(3), [0, 1, 2]);
  const settings = {steps: 2, queries: 7, seed};
  const found = await expectNoLeakAsync(() => members[name].run(search, settings));
  const values = Array.from(found.dataSync());
  expect(found.shape).toEqual([3, 8]);
  tf.dispose([weights, bias, x, found]);
  return {calls, values};
}

describe('members of autoAttack', () => {
  it('stand in the standard set in the order of the paper', () => {
    expect(standardSet).toEqual(['apgdCrossEntropy', 'apgdTargeted', 'fab', 'square']);
  });

  it('climb steps + 1 times from one start', async () => {
    expect((await callsOf('apgdCrossEntropy', 5)).calls).toBe(3);
    expect((await callsOf('apgdDlr', 5)).calls).toBe(3);
  });

  it.each([
    // 9 of the 11 rivals, each in steps + 1 looks; one look for the ranking, one between two targets.
    [12, 9 * 3 + 1 + 8],
    [6, 5 * 3 + 1 + 4],
    // With the margin.
    [3, 2 * 3 + 1 + 1],
    [2, 1 * 3 + 1],
  ])('lead to 9 rivals at most: %i classes', async (classes, looks) => {
    expect((await callsOf('apgdTargeted', classes)).calls).toBe(looks);
  });

  it('ask Square’s queries and no more', async () => {
    expect((await callsOf('square', 5)).calls).toBe(7);
  });

  it.each(Object.keys(members) as AutoAttackMember[])(
    'come to an end on a net that stands: %s',
    async name => {
      const {values} = await callsOf(name, 5);
      expect(values.every(Number.isFinite)).toBe(true);
    },
  );

  it('draw numbers of their own, by the seed', async () => {
    const one = await callsOf('square', 5);
    expect((await callsOf('square', 5)).values).toEqual(one.values);
    expect((await callsOf('square', 5, 1)).values).not.toEqual(one.values);
  });
});
