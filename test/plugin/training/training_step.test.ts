import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {RandomStream} from '../../../plugin/index.js';
import {
  numbersOf,
  takeStep,
  type Augment,
  type Batch,
  type TrainFunction,
} from '../../../plugin/training/training_step.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {expectKept} from '../../support/training_resumed.js';

const batch = (): Batch => ({
  inputs: [
    tf.tensor2d([
      [1, 2],
      [3, 4],
    ]),
  ],
  rest: [tf.tensor1d([5, 6])],
});
const sums: TrainFunction = data => data.map(part => tf.sum(part) as tf.Scalar);
const streams = () => ({layers: new RandomStream(1), augment: new RandomStream(2)});
const optimizer = tf.train.sgd(0.1);
const take = (step: TrainFunction, augment?: Augment, drawn = streams()) =>
  takeStep('test', {step, optimizer}, batch, drawn, augment);

describe('takeStep', () => {
  it('hands the batch to the step, and its results out as numbers', async () => {
    expect(await expectNoLeakAsync(() => take(sums))).toEqual([10, 11]);
  });

  it('reads results that the step has kept', async () => {
    const kept: TrainFunction = data => sums(data).map(result => tf.keep(result));
    expect(await expectNoLeakAsync(() => take(kept))).toEqual([10, 11]);
  });

  it('lets augment change the inputs only', async () => {
    const augment: Augment = ([input], random) => [tf.mul(tf.add(input, 1), random.next() < 2 ? 2 : 3)];
    expect(await expectNoLeakAsync(() => take(sums, augment))).toEqual([28, 11]);
    expect(await expectNoLeakAsync(() => take(sums, inputs => inputs))).toEqual([10, 11]);
  });

  it('lets the step and augment draw from their generators, also by Math.random', async () => {
    const drawn: number[] = [];
    const random: TrainFunction = data => {
      drawn.push(Math.random());
      return sums(data);
    };
    const augment: Augment = (inputs, own) => {
      drawn.push(own.next(), Math.random());
      return inputs;
    };
    await take(random, augment);
    const {layers, augment: other} = streams();
    expect(drawn).toEqual([other.next(), other.next(), layers.next()]);
  });

  it('may change the shape of inputs, but not how many examples there are', async () => {
    const wider: Augment = ([input]) => [
      tf.pad(input, [
        [0, 0],
        [0, 3],
      ]),
    ];
    expect(await expectNoLeakAsync(() => take(sums, wider))).toEqual([10, 11]);
  });

  it.each<[string, unknown]>([
    ['nothing', () => undefined],
    ['a tensor', ([input]: tf.Tensor[]) => input],
    ['a promise', async (inputs: tf.Tensor[]) => inputs],
    ['an empty list', () => []],
    ['numbers', () => [3]],
    ['one more', (inputs: tf.Tensor[]) => [...inputs, tf.scalar(1)]],
    ['fewer examples', ([input]: tf.Tensor[]) => [tf.slice(input, 0, 1)]],
    ['another rank', ([input]: tf.Tensor[]) => [tf.reshape(input, [2, 2, 1])]],
    [
      'a tensor that it has disposed of',
      ([input]: tf.Tensor[]) => {
        const copy = tf.add(input, 1);
        copy.dispose();
        return [copy];
      },
    ],
  ])('refuses an augment that returns %s', async (_, augment) => {
    await expectRefusal(() => take(sums, augment as Augment), 'augment', 'test', '[2,...]');
  });

  it('leaves nothing behind where step or augment throw, and puts Math.random back', async () => {
    const original = Math.random;
    const fail = (data: tf.Tensor[]): never => {
      tf.keep(tf.scalar(1)).dispose();
      throw new RangeError(`${data.length}`);
    };
    // Thrown while gradients are recorded.
    const v = tf.variable(tf.scalar(2));
    const withVariable: TrainFunction = ([input]) => {
      const f = () => tf.tidy(() => fail([tf.square(tf.mul(input, v))]));
      return [tf.variableGrads(f, [v]).value];
    };
    for (const step of [fail, withVariable]) {
      expect(await expectKept(() => take(step))).toBeInstanceOf(RangeError);
    }
    expect(await expectKept(() => take(sums, fail))).toBeInstanceOf(RangeError);
    expect(Math.random).toBe(original);
    expect(await expectNoLeakAsync(() => take(sums))).toEqual([10, 11]);
  });
});

describe('numbersOf', () => {
  it('uses its scalars up', async () => {
    expect(await expectNoLeakAsync(() => numbersOf([tf.scalar(1), tf.scalar(NaN)]))).toEqual([1, NaN]);
    expect(await numbersOf([])).toEqual([]);
  });
});
