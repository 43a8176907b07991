import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {putGradient, putOptimizer, type ApplyGradients} from '../../../plugin/kernels/stand_in.js';

const slopeOfRelu = () =>
  tf.tidy(
    () =>
      tf
        .grad(tf.relu)(tf.tensor1d([2]), tf.tensor1d([3]))
        .dataSync()[0],
  );
/** A gradient of relu that multiplies what was there before. */
const times = (factor: number) => ({
  of: tf.Relu,
  replace: (stock: tf.GradConfig): tf.GradConfig => ({
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      const {x} = stock.gradFunc(dy, saved, attrs) as {x: () => tf.Tensor};
      return {x: () => tf.mul(x(), factor)};
    },
  }),
});

describe('what stands in for something of tfjs', () => {
  it('gets the gradient that was there, and gives it back', () => {
    const undo = putGradient(times(10));
    expect(slopeOfRelu()).toBe(30);
    undo();
    expect(slopeOfRelu()).toBe(3);
  });

  it('leaves alone what somebody else has put there since', () => {
    const undo = putGradient(times(10));
    const undoOther = putGradient(times(7));
    undo();
    expect(slopeOfRelu()).toBe(210);
    undoOther();
    undo();
    expect(slopeOfRelu()).toBe(3);
  });

  it('does so for the step of an optimizer class, and changes nothing else of that property', () => {
    const calls: string[] = [];
    const named = (name: string) => ({
      of: tf.SGDOptimizer,
      replace: (): ApplyGradients => () => calls.push(name),
    });
    const stock = tf.SGDOptimizer.prototype.applyGradients;
    const flags = () => {
      const found = Object.getOwnPropertyDescriptor(tf.SGDOptimizer.prototype, 'applyGradients')!;
      return [found.enumerable, found.writable, found.configurable];
    };
    const flagsBefore = flags();
    const optimizer = tf.train.sgd(0.1);
    const undo = putOptimizer(named('first'));
    optimizer.applyGradients([]);
    const undoOther = putOptimizer(named('second'));
    undo();
    optimizer.applyGradients([]);
    expect(calls).toEqual(['first', 'second']);
    expect(flags()).toEqual(flagsBefore);
    undoOther();
    undo();
    expect(tf.SGDOptimizer.prototype.applyGradients).toBe(stock);
    optimizer.dispose();
  });
});
