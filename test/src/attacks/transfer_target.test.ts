import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import type {AttackResult} from '../../../src/attacks/attack_types.js';
import {verdictsOf, worstOf, type Verdict} from '../../../src/attacks/transfer_target.js';
import {errorOf, expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';

/** The inputs are the logits. */
const asIs = (x: tf.Tensor) => tf.clone(x);
const asking = {caller: 'transfer', batchSize: 2, targeted: false};
const labels = tf.tensor1d([0, 0, 0, 1, 1], 'int32');
const inputs = tf.tensor2d([
  [2, 1],
  [1, 4],
  [3, 3],
  [3, 3],
  [NaN, 0],
]);

describe('verdictsOf', () => {
  it('tells class and margin, whatever the batch; of equal logits the first is the class', async () => {
    const expected = [
      {success: false, broken: false, margin: -1},
      {success: true, broken: false, margin: 3},
      {success: false, broken: false, margin: 0},
      {success: true, broken: false, margin: 0},
      {success: false, broken: true, margin: NaN},
    ];
    for (const batchSize of [1, 2, 5, 100]) {
      const verdicts = await expectNoLeakAsync(() =>
        verdictsOf(asIs, inputs, labels, {...asking, batchSize}),
      );
      expect(verdicts).toEqual(expected);
    }
  });

  it('takes labels for targets', async () => {
    const verdicts = await verdictsOf(asIs, inputs, labels, {...asking, targeted: true});
    expect(verdicts.map(({success}) => success)).toEqual([true, false, true, false, false]);
    expect(verdicts.slice(0, 2).map(({margin}) => margin)).toEqual([1, -3]);
  });

  it('refuses labels that the target does not know', async () => {
    const wrong = tf.tensor1d([0, 0, 0, 1, 2], 'int32');
    await expectRefusal(() => verdictsOf(asIs, inputs, wrong, asking), 'labels', 'transfer');
    wrong.dispose();
  });

  it('ends between two batches when it is aborted, and leaves nothing behind', async () => {
    const abort = new AbortController();
    let looks = 0;
    const aborting = (x: tf.Tensor) => {
      if (++looks === 2) abort.abort(new Error('enough'));
      return asIs(x);
    };
    const signal = abort.signal;
    const end = await expectNoLeakAsync(() =>
      errorOf(() => verdictsOf(aborting, inputs, labels, {...asking, signal})),
    );
    expect([String(end), looks]).toEqual(['Error: enough', 2]);
  });
});

describe('worstOf', () => {
  const result = (value: number, rest: Partial<AttackResult> = {}): AttackResult => ({
    epsilon: 0.1,
    adversarial: tf.fill([4, 2], value),
    success: [true, true, false, false],
    distance: Float64Array.of(value, value, value, value),
    broken: [false, false, false, false],
    ...rest,
  });
  const right = (margin: number): Verdict => ({success: false, broken: false, margin});
  const wrong = (margin: number): Verdict => ({success: true, broken: false, margin});
  const lost: Verdict = {success: false, broken: true, margin: NaN};

  it('takes what is beaten before what is broken, and that before what comes nearest', async () => {
    const found = [result(1), result(2, {success: [false, true, true, false]}), result(3)];
    const verdicts = [
      [right(-1), lost, right(-3), right(-1)],
      [wrong(0), wrong(1), right(-2), right(-1)],
      [wrong(2), right(-1), right(-4), lost],
    ];
    const clean = Array.from({length: 4}, () => right(-5));
    const worst = await expectNoLeakAsync(() => worstOf(found, verdicts, clean));
    expect(worst.source).toEqual([2, 1, 1, 2]);
    expect(worst.success).toEqual([true, true, false, false]);
    expect(worst.broken).toEqual([false, false, false, true]);
    expect([...worst.distance]).toEqual([3, 2, 2, 3]);
    expect([...worst.adversarial.dataSync()]).toEqual([3, 3, 2, 2, 2, 2, 3, 3]);
    expect(worst.sourceSuccess).toEqual([true, true, true, false]);
    expect([worst.epsilon, 'gradients' in worst]).toEqual([0.1, false]);
    tf.dispose([worst.adversarial, ...found.map(({adversarial}) => adversarial)]);
  });

  it('calls broken what the target cannot judge, and tells apart what a source cannot', async () => {
    const found = [
      result(1, {broken: [true, true, false, false], gradients: ['nan', 'nan', 'sound', 'zero']}),
    ];
    const clean = [right(-5), right(-5), right(-5), lost];
    const worst = await worstOf(found, [[right(-1), wrong(1), right(-1), right(-1)]], clean);
    expect(worst.broken).toEqual([false, false, false, true]);
    expect(worst.sourceBroken).toEqual([true, true, false, false]);
    expect(worst.gradients).toEqual(['nan', 'nan', 'sound', 'zero']);
    tf.dispose([worst.adversarial, found[0].adversarial]);
  });
});
