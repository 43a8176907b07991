import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel, marginLoss, RandomStream} from '../../../plugin/index.js';
import {permutation, putCounters, takeCounters, withRandom} from '../../../plugin/training/randomness.js';
import {markedNet} from '../../support/marked_nets.js';
import {denseNet} from '../../support/tiny_models.js';

describe('withRandom', () => {
  it('lets a stream decide what Math.random gives, and tfjs with it', () => {
    const [first, second] = [new RandomStream(3), new RandomStream(3)];
    expect(withRandom(first, () => [Math.random(), Math.random()])).toEqual([second.next(), second.next()]);
    const noise = () => tf.tidy(() => Array.from(tf.randomNormal([4]).dataSync()));
    expect(withRandom(first, noise)).toEqual(withRandom(second, noise));
    expect(withRandom(first, noise)).not.toEqual(noise());
  });

  it('puts Math.random back, also when the function throws', () => {
    const original = Math.random;
    const fail = () => {
      throw new RangeError('x');
    };
    expect(() => withRandom(new RandomStream(1), fail)).toThrow(RangeError);
    expect(Math.random).toBe(original);
  });

  it('may be nested', () => {
    const [outer, inner] = [new RandomStream(1), new RandomStream(2)];
    const drawn = withRandom(outer, () => [
      Math.random(),
      withRandom(inner, () => Math.random()),
      Math.random(),
    ]);
    const [a, b] = [new RandomStream(1), new RandomStream(2)];
    expect(drawn).toEqual([a.next(), b.next(), a.next()]);
  });
});

describe('permutation', () => {
  it('has each number once', () => {
    for (const size of [0, 1, 2, 17]) {
      const order = permutation(size, new RandomStream(size));
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({length: size}, (_, i) => i));
    }
  });

  it('gives each order of three about as often: chi squared below its 0.1 percent bound', () => {
    const random = new RandomStream(4);
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = String(permutation(3, random));
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    // Six orders, 1000 times each; 20.5 is the 99.9 percent quantile of chi squared with 5 degrees of freedom.
    const distance = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(counts.size).toBe(6);
    expect(distance).toBeLessThan(20.5);
  });
});

describe('takeCounters and putCounters', () => {
  it('know the stream of a LargeMarginModel and of marginLoss', () => {
    const wrapped = new LargeMarginModel(denseNet(), {gamma: 1, seed: 8});
    const plain = markedNet();
    const loss = marginLoss(plain, {gamma: 1, seed: 9});
    plain.compile({optimizer: 'sgd', loss});
    loss.stream.steps = 4;
    expect([takeCounters(wrapped), takeCounters(plain)]).toEqual([
      [{seed: 8, steps: 0}],
      [{seed: 9, steps: 4}],
    ]);
    putCounters(plain, [{seed: 5, steps: 6}]);
    expect(loss.stream).toEqual({seed: 5, steps: 6});
  });

  it('find nothing in other models', () => {
    const net = denseNet();
    expect(takeCounters(net)).toEqual([]);
    net.compile({optimizer: 'sgd', loss: ['meanSquaredError']});
    expect(takeCounters(net)).toEqual([]);
  });
});
