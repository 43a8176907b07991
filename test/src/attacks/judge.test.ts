import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {clipAndJudge, judgeInputs} from '../../../src/attacks/judge.js';
import {Search, type Task} from '../../../src/attacks/search.js';
import type {Classifier} from '../../../src/types.js';
import {forThisFile} from '../../support/attacked_nets.js';
import {errorOf, expectNoLeakAsync} from '../../support/expect_no_leak.js';

// Logits (x, 0.5): above 0.5 the class is 0. Above 0.9 a logit is NaN.
const threshold: Classifier = x =>
  tf.tidy(() => {
    const broken = tf.where(tf.greater(x, 0.9), tf.fill(x.shape, NaN), x);
    return tf.concat([broken, tf.fill(x.shape, 0.5)], 1);
  });

const x = forThisFile(tf.tensor2d([[0.2], [0.4], [0.6], [0.95]]));
const values = x.dataSync() as Float32Array;
const task: Task = {
  caller: 'toy',
  classifier: threshold,
  classes: 2,
  norm: 'linf',
  bounds: [0, 1],
  targeted: false,
  epsilon: 1,
  noteGradient: () => undefined,
  step: () => Promise.resolve(),
};
const search = new Search(task, x, Int32Array.of(1, 1, 1, 1), [0, 1, 2, 3]);
const clean = judgeInputs(search, threshold(x).dataSync() as Float32Array);
const before = {adversarial: x, outcomes: clean};

describe('judging', () => {
  it('inputs as they are, knows the wrong and the broken', () => {
    expect(clean).toEqual([
      {success: false, broken: false, distance: 0},
      {success: false, broken: false, distance: 0},
      {success: true, broken: false, distance: 0},
      {success: false, broken: true, distance: 0},
    ]);
  });

  it('what was found, clips it first', async () => {
    // 0.2 may go to 0.35 only, 0.4 to 0.55.
    const found = tf.tensor2d([[0.8], [0.8], [0.7], [0.8]]);
    const {adversarial, outcomes} = await expectNoLeakAsync(() =>
      clipAndJudge(search, found, [0, 1, 2], before, values, 0.15),
    );
    expect(outcomes.map(({success}) => success)).toEqual([false, true, true, false]);
    expect(outcomes[3]).toBe(clean[3]);
    const at = adversarial.dataSync();
    [0.35, 0.55, 0.7, 0.95].forEach((v, i) => expect(at[i]).toBeCloseTo(v, 6));
    expect(outcomes.every(({distance}) => distance <= 0.15)).toBe(true);
    tf.dispose([found, adversarial]);
  });

  it('an input whose logits become NaN, calls it broken and not beaten', async () => {
    const found = tf.tensor2d([[0.2], [0.4], [0.92], [0.95]]);
    const {adversarial, outcomes} = await clipAndJudge(search, found, [0, 1, 2], before, values, 1);
    expect(outcomes[2]).toMatchObject({success: false, broken: true});
    tf.dispose([found, adversarial]);
  });

  it('an input that was broken before, does not call it beaten where its logits become finite', async () => {
    const found = tf.tensor2d([[0.2], [0.4], [0.6], [0.8]]);
    const {adversarial, outcomes} = await clipAndJudge(search, found, [0, 1, 2, 3], before, values, 1);
    expect(outcomes[3]).toMatchObject({success: false, broken: true});
    tf.dispose([found, adversarial]);
  });

  it('nothing, asks the net nothing', async () => {
    const silent = new Search(
      {...task, classifier: () => tf.fill([0], NaN)},
      x,
      search.labels,
      search.examples,
    );
    const found = tf.zeros([4, 1]);
    const {adversarial, outcomes} = await expectNoLeakAsync(() =>
      clipAndJudge(silent, found, [], before, values, 1),
    );
    expect(outcomes).toBe(clean);
    expect(Array.from(adversarial.dataSync())).toEqual(Array.from(values));
    tf.dispose([found, adversarial]);
  });

  it('leaves nothing behind when the net throws', async () => {
    const failing: Classifier = () => {
      throw new Error('no');
    };
    const bad = new Search({...task, classifier: failing}, x, search.labels, search.examples);
    const found = tf.zeros([4, 1]);
    const count = tf.memory().numTensors;
    expect(await errorOf(() => clipAndJudge(bad, found, [0], before, values, 1))).toMatchObject({
      message: 'no',
    });
    expect(tf.memory().numTensors).toBe(count);
    found.dispose();
  });
});
