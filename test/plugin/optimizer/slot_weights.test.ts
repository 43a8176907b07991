import * as tf from '@tensorflow/tfjs-core';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {NamedSlots} from '../../../plugin/optimizer/named_slots.js';
import {readWeights, slotName} from '../../../plugin/optimizer/slot_weights.js';
import {expectRefusal} from '../../support/expect_no_leak.js';
import {bitsOf, copied, named, stepBy, STOCK, type Gradients} from './stock.js';

let saved: Gradients;
let others: tf.Tensor[];

/** The saved state with one of its tensors replaced, left out (null) or followed by more. */
const changed = (name: string, tensor: tf.Tensor | null, more: Gradients = []): Gradients => [
  ...saved.flatMap(weight => (weight.name !== name ? [weight] : tensor ? [{name, tensor}] : [])),
  ...more,
];

beforeAll(async () => {
  const slots = new NamedSlots(STOCK.adam());
  const variables = [named('a/k'), named('b/k', [3])];
  stepBy(slots, 0, variables);
  saved = copied(await slots.getWeights());
  slots.dispose();
  tf.dispose(variables);
  others = [tf.ones([5]), tf.ones([2, 2], 'int32'), tf.scalar(1.5), tf.scalar(-1, 'int32')];
});
afterAll(() => tf.dispose([...saved.map(({tensor}) => tensor), ...others]));

const first = 'a/k/accumulatedFirstMoment';
const second = 'a/k/accumulatedSecondMoment';

/** What is wrong with a state, and what the refusal says. */
const FAULTS: Array<[title: string, weights: () => Gradients, message: RegExp]> = [
  ['nothing at all', () => [], /begin with iter, got undefined/],
  ['no count of steps', () => saved.slice(1), /begin with iter, got 'accBeta1'/],
  ['a count that is none', () => changed('iter', others[2]), /iter to count steps, got 1.5/],
  ['a negative count', () => changed('iter', others[3]), /iter to count steps, got -1/],
  ['a count with several numbers', () => changed('iter', others[0]), /single number as iter, got \[5\]/],
  ['a tensor twice', () => changed('x', null, [saved[3]]), /each name once, got 'a\/k\/accumulatedFirstM/],
  ['an unknown tensor', () => changed('x', null, [{name: 'a/k/m', tensor: others[0]}]), /got 'a\/k\/m'/],
  [
    'a slot of no variable',
    () => changed(first, null, [{name: 'accumulatedFirstMoment', tensor: others[0]}]),
    /got 'acc/,
  ],
  [
    'a slot of another shape',
    () => changed(second, others[0]),
    /all of a\/k to have shape \[2,2\], got \[5\]/,
  ],
  ['a slot of integers', () => changed(first, others[1]), /a\/k\/.* to be float32, got 'int32'/],
  ['half of a pair', () => changed(second, null), /to have a\/k\/accumulatedSecondMoment/],
  ['one half of all pairs', () => saved.filter(({name}) => !name.endsWith('SecondMoment')), /SecondMoment/],
  ['no power of beta', () => changed('accBeta1', null), /to have accBeta1/],
  ['a power of beta of another shape', () => changed('accBeta1', others[0]), /accBeta1 to have shape \[\]/],
];

describe('the saved state of an optimizer', () => {
  it('is read with what belongs to each variable', async () => {
    const optimizer = STOCK.adam();
    const before = tf.memory().numTensors;
    const [count, ...rest] = saved;
    const state = await readWeights('test', optimizer, [count, ...rest.reverse()]);
    expect(tf.memory().numTensors).toBe(before);
    expect(state.iterations).toBe(1);
    expect(Object.keys(state.shared).sort()).toEqual(['accBeta1', 'accBeta2']);
    expect([...state.slots.keys()].sort()).toEqual(['a/k', 'b/k']);
    expect(state.slots.get('a/k')!.accumulatedFirstMoment).toBe(
      saved.find(({name}) => name === first)!.tensor,
    );
    expect(slotName('a/k', 'accumulatedFirstMoment')).toBe(first);
    optimizer.dispose();
  });

  it.each(FAULTS)(
    'with %s is refused; the optimizer stays as it was, and nothing is left behind',
    async (_, weights, message) => {
      const slots = new NamedSlots(STOCK.adam());
      const v = named('a/k');
      stepBy(slots, 0, [v]);
      stepBy(slots, 1, [v]);
      const state = async () => (await slots.getWeights()).map(({name, tensor}) => [name, bitsOf(tensor)]);
      const before = await state();
      await expectRefusal(() => slots.setWeights(weights()), 'weights', message, /getWeights/);
      expect(await state()).toEqual(before);
      slots.dispose();
      v.dispose();
    },
  );

  it('that was disposed of is refused', async () => {
    const optimizer = STOCK.sgd();
    const gone = tf.scalar(0, 'int32');
    gone.dispose();
    await expectRefusal(
      () => readWeights('test', optimizer, [{name: 'iter', tensor: gone}]),
      'weights',
      /disposed/,
    );
    optimizer.dispose();
  });
});
