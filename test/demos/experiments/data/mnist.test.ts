import {describe, expect, it} from 'vitest';
import {RandomStream} from 'tfjs-large-margin';
import {flipLabels, permutation, pick, readMnist, take} from '../../../../demos/experiments/data/mnist.js';

describe('the real MNIST', () => {
  const data = readMnist(0);

  it('is split 55,000 / 5,000 / 10,000', () => {
    expect([data.train.size, data.validation.size, data.test.size]).toEqual([55000, 5000, 10000]);
    expect(data.train.pixels).toHaveLength(55000 * 784);
  });

  it('has pixels in 0..1 and the digits 0..9', () => {
    const sample = data.test.pixels.subarray(0, 784 * 100);
    expect(Math.min(...sample)).toBe(0);
    expect(Math.max(...sample)).toBe(1);
    expect(new Set(data.test.labels).size).toBe(10);
    // The first ten digits of the test set, as everybody knows them.
    expect([...take(data.test, 10).labels]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  });

  it('keeps picture and label together when it is picked from', () => {
    const picked = pick(data.test, Int32Array.from([3, 1]));
    expect([...picked.labels]).toEqual([0, 2]);
    expect(picked.pixels.subarray(784)).toEqual(data.test.pixels.subarray(784, 2 * 784));
  });

  it('keeps a label with one minus the flip probability, and flips to the nine others alike', () => {
    const noisy = flipLabels(data.train, 0.8, 1);
    const kept = noisy.labels.filter((label, i) => label === data.train.labels[i]).length / 55000;
    // Standard deviation sqrt(0.8 * 0.2 / 55000) = 0.0017: four of them.
    expect(Math.abs(kept - 0.2)).toBeLessThan(0.007);
    const shifts = new Array(10).fill(0);
    noisy.labels.forEach((label, i) => shifts[(label - data.train.labels[i] + 10) % 10]++);
    for (const count of shifts.slice(1)) expect(Math.abs(count / 44000 - 1 / 9)).toBeLessThan(0.007);
  });

  it('shuffles by its seed: each place once, the same again', () => {
    const order = permutation(1000, new RandomStream(5));
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({length: 1000}, (_, i) => i));
    expect(permutation(1000, new RandomStream(5))).toEqual(order);
    expect(permutation(1000, new RandomStream(6))).not.toEqual(order);
  });
});
