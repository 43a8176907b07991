import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {hasLearningRate, learningRateOf, setLearningRate} from '../../../plugin/optimizer/learning_rate.js';
import {expectNoLeak, expectRefusal} from '../../support/expect_no_leak.js';
import {disposeWhole} from '../../support/optimizer_runs.js';
import {named, stepBy, STOCK} from './stock.js';

/** How far one step moves a variable at each of two learning rates, the second set afterwards. */
function movement(make: () => tf.Optimizer, rate: number): Float32Array {
  const optimizer = make();
  setLearningRate(optimizer, rate);
  const v = named('learning_rate/v');
  const before = v.dataSync().slice();
  stepBy(optimizer, 0, [v]);
  const moved = v.dataSync().map((value, i) => value - before[i]) as Float32Array;
  v.dispose();
  disposeWhole(optimizer);
  return moved;
}

describe.each(Object.entries(STOCK))('the learning rate of %s', (_, make) => {
  it('is what was set, and the step is as long', () => {
    const optimizer = make();
    const before = tf.memory().numTensors;
    setLearningRate(optimizer, 0.5);
    expect(learningRateOf(optimizer)).toBe(0.5);
    expect(hasLearningRate(optimizer)).toBe(true);
    expect(optimizer.getConfig().learningRate).toBe(0.5);
    expect(tf.memory().numTensors).toBe(before);
    disposeWhole(optimizer);
    // The first step of each of them is in proportion to the rate: differences of float32 numbers near 1 are good to 1e-7.
    const [half, whole] = [movement(make, 0.5), movement(make, 1)];
    whole.forEach((value, i) => expect(Math.abs(value - 2 * half[i])).toBeLessThan(2e-6));
    expect(Math.max(...whole.map(Math.abs))).toBeGreaterThan(1e-5);
  });

  it('may be 0: nothing moves', () => {
    expect(Array.from(movement(make, 0)).map(Math.abs)).toEqual([0, 0, 0, 0]);
  });
});

describe('a learning rate', () => {
  it('that is no finite number >= 0 is refused', async () => {
    const optimizer = STOCK.sgd();
    for (const value of [NaN, Infinity, -0.1, '0.1', null]) {
      await expectRefusal(() => setLearningRate(optimizer, value as never), 'value', /finite number >= 0/);
    }
    expect(learningRateOf(optimizer)).toBe(0.05);
    optimizer.dispose();
  });

  it('that is set to what it is makes no tensor', () => {
    const optimizer = STOCK.momentum();
    const {c} = optimizer as unknown as {c: tf.Tensor};
    expectNoLeak(() => setLearningRate(optimizer, 0.02));
    expect((optimizer as unknown as {c: tf.Tensor}).c).toBe(c);
    disposeWhole(optimizer);
  });

  it('of an optimizer that has none, or lets nobody set it, is refused', async () => {
    await expectRefusal(() => learningRateOf({} as never), 'optimizer', /learningRate, .*got undefined/);
    await expectRefusal(() => setLearningRate({learningRate: '1'} as never, 1), 'optimizer', /got '1'/);
    const fixed = Object.freeze({learningRate: 0.1});
    await expectRefusal(() => setLearningRate(fixed as never, 1), 'optimizer', /can be set, got 0.1/);
    expect(hasLearningRate({} as never)).toBe(false);
  });
});
