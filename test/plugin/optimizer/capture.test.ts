import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {captureOptimizer, restoreOptimizer} from '../../../plugin/optimizer/capture.js';
import {learningRateOf, setLearningRate} from '../../../plugin/optimizer/learning_rate.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {disposeWhole} from '../../support/optimizer_runs.js';
import {bitsOf, copied, named, stepBy, STOCK, type Gradients} from './stock.js';

/** Everything of an optimizer in a form that can be compared bit by bit. */
function stateOf(optimizer: tf.Optimizer): Array<[string, string, number[]]> {
  const state = captureOptimizer(optimizer);
  const bits = state.map(({name, tensor}): [string, string, number[]] => [
    name,
    tensor.dtype,
    bitsOf(tensor),
  ]);
  tf.dispose(state);
  return bits;
}

describe.each(Object.entries(STOCK))('the captured state of %s', (_, make) => {
  it('lets 200 steps stopped at 100 end where they would have ended, bit for bit', () =>
    expectNoLeakAsync(async () => {
      const run = (stop?: number) => {
        const variables = [named('capture/a'), named('capture/b', [3])];
        let optimizer = make();
        for (let step = 0; step < 200; step++) {
          if (step === 50) setLearningRate(optimizer, 0.1 / 3);
          if (step === stop) {
            const captured = captureOptimizer(optimizer);
            const saved = copied(captured);
            tf.dispose(captured);
            disposeWhole(optimizer);
            optimizer = make();
            restoreOptimizer(optimizer, saved);
            tf.dispose(saved);
          }
          stepBy(optimizer, step, variables);
        }
        const state = [...variables.map(bitsOf), stateOf(optimizer), learningRateOf(optimizer)];
        tf.dispose(variables);
        disposeWhole(optimizer);
        return state;
      };
      const whole = run();
      expect(whole[whole.length - 1]).toBe(0.1 / 3);
      expect(run(100)).toEqual(whole);
      // Before the first step there is nothing but the count and the powers of beta.
      expect(run(0)).toEqual(whole);
    }));

  it('replaces what the optimizer had, and stays as it was while that goes on', () =>
    expectNoLeakAsync(async () => {
      const variables = [named('capture/a'), named('capture/b', [3])];
      const optimizer = make();
      stepBy(optimizer, 0, variables);
      const captured = captureOptimizer(optimizer);
      const before = stateOf(optimizer);
      for (let step = 1; step < 4; step++) stepBy(optimizer, step, variables);
      restoreOptimizer(optimizer, captured);
      expect(stateOf(optimizer)).toEqual(before);
      tf.dispose([...captured.map(({tensor}) => tensor), ...variables]);
      disposeWhole(optimizer);
    }));
});

describe('a captured state', () => {
  it('of tfjs itself would be rounded: the control', async () => {
    // What tfjs restores of Adam: beta^101 by pow, not the product that training had got to.
    const v = named('capture/control');
    const optimizer = tf.train.adam(0.02);
    for (let step = 0; step < 100; step++) stepBy(optimizer, step, [v]);
    const other = tf.train.adam(0.02);
    await other.setWeights(await optimizer.getWeights());
    const power = (adam: tf.Optimizer) => (adam as unknown as {accBeta2: tf.Variable}).accBeta2.dataSync()[0];
    expect(power(other)).not.toBe(power(optimizer));
    const captured = captureOptimizer(optimizer);
    restoreOptimizer(other, captured);
    expect(power(other)).toBe(power(optimizer));
    tf.dispose([captured, v]);
    optimizer.dispose();
    other.dispose();
  });

  it('is refused where it is not whole or of another optimizer, before anything changes', async () => {
    const variables = [named('capture/a'), named('capture/b', [3])];
    const optimizer = STOCK.adam();
    for (let step = 0; step < 2; step++) stepBy(optimizer, step, variables);
    const saved = captureOptimizer(optimizer);
    stepBy(optimizer, 2, variables);
    const before = stateOf(optimizer);
    const momentum = STOCK.momentum();
    stepBy(momentum, 0, variables);
    const otherState = captureOptimizer(momentum);
    const own = [tf.ones([5]), tf.ones([2, 2], 'int32'), tf.scalar(-1, 'int32'), tf.ones([1])];
    own[3].dispose();
    const [m0, m1] = ['accumulatedFirstMoment/0/capture/a/m', 'accumulatedFirstMoment/1/capture/b/m'];
    const changed = (name: string, tensor?: tf.Tensor, rename = name): Gradients =>
      saved.flatMap(old => (old.name === name ? (tensor ? [{name: rename, tensor}] : []) : [old]));
    const tensorOf = (name: string) => saved.find(old => old.name === name)!.tensor;
    const faults: Array<[Gradients, RegExp]> = [
      [[], /to have iter, int32 \[\], got undefined/],
      [changed('iter', own[0]), /to have iter, int32 \[\], got 'float32 \[5\]'/],
      [changed('iter', own[2]), /iter to count steps, got -1/],
      [changed('learningRate'), /to have learningRate/],
      [changed('accBeta2'), /to have accBeta2/],
      [changed('accBeta1', own[0]), /to have accBeta1, float32 \[\]/],
      [changed(m0, own[1]), /to be float32, got 'int32'/],
      [changed(m0, own[0]), /shapes \[\[5\],\[3\]\], without gaps, in accumulatedSecondMoment/],
      [changed(m0), /without gaps/],
      [changed(m1), /without gaps/],
      [changed(m1, tensorOf(m1), 'accumulatedFirstMoment/0/x'), /to have accumulatedFirstMoment\/0 once/],
      [changed(m1, tensorOf(m1), 'accumulatedFirstMoment/999999999/x'), /no gap before/],
      [changed(m1, tensorOf(m1), 'somethingElse/1/x'), /to be of Adam, got 'somethingElse\/1\/x'/],
      [changed(m1, tensorOf(m1), 'accumulatedFirstMoment'), /to be of Adam/],
      [saved.filter(({name}) => !name.includes('SecondMoment')), /in accumulatedSecondMoment, got '\[\]'/],
      [[...saved, saved[4]], /each name once/],
      [changed(m0, own[3]), /disposed of/],
      [otherState, /to have accBeta1/],
    ];
    for (const [state, message] of faults) {
      await expectRefusal(() => restoreOptimizer(optimizer, state), 'state', message);
      expect(stateOf(optimizer)).toEqual(before);
    }
    tf.dispose([saved, otherState, variables, own.slice(0, 3)]);
    disposeWhole(momentum);
    optimizer.dispose();
  });

  it('of a lookalike without a learning rate has none', () => {
    const list = [{originalName: 'v/mean', variable: named('capture/slot')}];
    const optimizer = {means: list, iterations: 3, getClassName: () => 'Other'} as unknown as tf.Optimizer;
    const state = captureOptimizer(optimizer);
    expect(state.map(({name}) => name)).toEqual(['iter', 'means/0/v/mean']);
    tf.dispose([state, list[0].variable]);
  });
});
