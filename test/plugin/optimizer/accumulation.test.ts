import * as tf from '@tensorflow/tfjs-core';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {GradientAccumulator, isAccumulated} from '../../../plugin/optimizer/accumulation.js';
import {expectNoLeak, expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {bitsOf, copied, gradientsAt, named} from './stock.js';

afterEach(() => vi.restoreAllMocks());

type Values = Record<string, number[]>;

/** Adds gradients that are given as numbers. */
function addValues(
  accumulator: GradientAccumulator,
  values: Record<string, number[] | null>,
): Values | undefined {
  const gradients = Object.entries(values).map(([name, numbers]) => ({
    name,
    tensor: numbers && tf.tensor1d(numbers),
  }));
  const means = accumulator.add(gradients);
  tf.dispose(gradients.map(({tensor}) => tensor!).filter(tensor => tensor));
  if (!means) return undefined;
  const result = Object.fromEntries(means.map(({name, tensor}) => [name, Array.from(tensor.dataSync())]));
  tf.dispose(means);
  return result;
}

/** Runs f with variables of two numbers. */
function withVariables(names: string[], f: (...variables: tf.Variable[]) => void): void {
  expectNoLeak(() => {
    const variables = names.map(name => named(name, [2]));
    f(...variables);
    tf.dispose(variables.filter(v => !v.isDisposed));
    return undefined;
  });
}

describe('accumulated gradients', () => {
  it('are the means of every n batches, and nothing in between', () => {
    withVariables(['acc/a', 'acc/b'], () => {
      const accumulator = new GradientAccumulator(2);
      for (let round = 0; round < 3; round++) {
        expect(addValues(accumulator, {'acc/a': [1, 2], 'acc/b': [8, 0]})).toBeUndefined();
        expect(accumulator.count).toBe(1);
        expect(addValues(accumulator, {'acc/b': [0, 4], 'acc/a': [3, round]})).toEqual({
          'acc/a': [2, 1 + round / 2],
          'acc/b': [4, 2],
        });
        expect(accumulator.count).toBe(0);
      }
      accumulator.dispose();
    });
  });

  it('count as 0 in batches without them', () => {
    withVariables(['acc/a', 'acc/b', 'acc/c'], () => {
      const accumulator = new GradientAccumulator(4);
      addValues(accumulator, {'acc/a': [4, 8]});
      addValues(accumulator, {'acc/a': null, 'acc/b': [4, 4], 'acc/c': null});
      addValues(accumulator, {});
      expect(addValues(accumulator, {'acc/b': [-4, 12]})).toEqual({'acc/a': [1, 2], 'acc/b': [0, 4]});
      accumulator.dispose();
    });
  });

  it('of one batch are the gradients, bit for bit', () => {
    const v = named('acc/a');
    const gradient = randomTensor([2, 2], 3);
    const accumulator = new GradientAccumulator(1);
    const [mean] = accumulator.add([{name: v.name, tensor: gradient}])!;
    expect(bitsOf(mean.tensor)).toEqual(bitsOf(gradient));
    tf.dispose([v, gradient, mean]);
  });

  it('show NaN and Infinity', () => {
    withVariables(['acc/a'], () => {
      const accumulator = new GradientAccumulator(2);
      addValues(accumulator, {'acc/a': [NaN, Infinity]});
      expect(addValues(accumulator, {'acc/a': [1, 1]})).toEqual({'acc/a': [NaN, Infinity]});
      accumulator.dispose();
    });
  });

  it('leave out a variable that is frozen or disposed of before the step, and a new one of its name starts at 0', () => {
    withVariables(['acc/a', 'acc/b', 'acc/c'], (a, b) => {
      const accumulator = new GradientAccumulator(2);
      const all = {'acc/a': [2, 2], 'acc/b': [2, 2], 'acc/c': [2, 2]};
      addValues(accumulator, all);
      a.trainable = false;
      b.dispose();
      const again = named('acc/b', [3]);
      expect(addValues(accumulator, {'acc/b': [6, 6, 6], 'acc/c': [4, 4]})).toEqual({
        'acc/b': [3, 3, 3],
        'acc/c': [3, 3],
      });
      accumulator.dispose();
      again.dispose();
    });
  });

  it('are forgotten on demand, and freed', () => {
    withVariables(['acc/a'], () => {
      const accumulator = new GradientAccumulator(3);
      addValues(accumulator, {'acc/a': [1, 1]});
      accumulator.getWeights();
      accumulator.reset();
      expect(accumulator.count).toBe(0);
      addValues(accumulator, {'acc/a': [1, 1]});
      accumulator.dispose();
      accumulator.dispose();
    });
  });

  it('are refused as a whole where one is', async () => {
    const [v, w] = [named('acc/a'), named('acc/b')];
    const [good, bad] = [tf.ones([2, 2]), tf.ones([3])];
    const accumulator = new GradientAccumulator(2);
    const list = [v, w].map(({name}, i) => ({name, tensor: [good, bad][i]}));
    await expectRefusal(() => accumulator.add(list), 'gradients', /acc\/b to have shape/);
    expect([accumulator.count, accumulator.getWeights().length]).toEqual([0, 1]);
    accumulator.dispose();
    tf.dispose([v, w, good, bad]);
  });

  it('are of an integer number of batches, 1 at least', async () => {
    for (const steps of [0, -1, 1.5, NaN, '2', undefined]) {
      await expectRefusal(() => new GradientAccumulator(steps as never), 'steps', /integer >= 1/);
    }
  });
});

describe('the state of accumulated gradients', () => {
  it('is restored bit for bit, at every batch of a step', () =>
    expectNoLeakAsync(async () => {
      const variables = [named('acc/a'), named('acc/b', [3])];
      const run = (stop?: number) => {
        let accumulator = new GradientAccumulator(3);
        const bits: number[][] = [];
        for (let batch = 0; batch < 6; batch++) {
          if (batch === stop) {
            const saved = copied(accumulator.getWeights());
            accumulator.dispose();
            accumulator = new GradientAccumulator(3);
            accumulator.setWeights(saved);
            tf.dispose(saved.map(({tensor}) => tensor));
          }
          const gradients = gradientsAt(batch, batch % 2 === 0 ? variables : [variables[0], null]);
          const means = accumulator.add(gradients);
          bits.push(...(means ?? []).map(({tensor}) => bitsOf(tensor)));
          tf.dispose([gradients, means ?? []]);
        }
        accumulator.dispose();
        return bits;
      };
      const whole = run();
      expect(whole.length).toBe(4);
      for (let stop = 0; stop < 6; stop++) expect(run(stop)).toEqual(whole);
      tf.dispose(variables);
    }));

  it('finds its variables under the names that tfjs gave them since, and is saved again before that', () => {
    withVariables(['acc/k', 'acc/k_1'], () => {
      const accumulator = new GradientAccumulator(2);
      addValues(accumulator, {'acc/k': [2, 4]});
      const saved = copied(accumulator.getWeights());
      expect(saved.map(({name}) => name)).toEqual(['accumulatedSteps', 'acc/k/accumulatedGradient']);
      expect(saved.every(({name}) => isAccumulated(name))).toBe(true);
      expect(['iter', 'acc/k/accumulations', '/accumulatedGradient'].some(isAccumulated)).toBe(false);
      const other = new GradientAccumulator(2);
      other.setWeights(saved);
      expect(other.getWeights().map(({name}) => name)).toEqual(saved.map(({name}) => name));
      expect(addValues(other, {'acc/k_1': [4, 0]})).toEqual({'acc/k_1': [3, 2]});
      tf.dispose([saved.map(({tensor}) => tensor)]);
      accumulator.dispose();
      other.dispose();
    });
  });

  it('is part of the step also where its variable has no gradient any more, and else named in a warning', () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    withVariables(['acc/a'], () => {
      const sum = tf.tensor1d([2, 4]);
      const count = tf.scalar(1, 'int32');
      const accumulator = new GradientAccumulator(2);
      accumulator.setWeights([
        {name: 'accumulatedSteps', tensor: count},
        {name: 'acc/a/accumulatedGradient', tensor: sum},
        {name: 'gone/accumulatedGradient', tensor: sum},
      ]);
      expect(addValues(accumulator, {})).toEqual({'acc/a': [1, 2]});
      accumulator.dispose();
      tf.dispose([sum, count]);
    });
    expect(warn.mock.calls).toEqual([
      ['GradientAccumulator: no variable for the loaded gradients of gone: they are not part of the step'],
    ]);
  });

  it('is refused where it is not whole or not of as many batches, before anything changes', async () => {
    const v = named('acc/a');
    const tensors = [
      ...[0, 1, 2, -1].map(n => tf.scalar(n, 'int32')),
      ...[tf.ones([2, 2]), tf.ones([2, 2], 'int32'), tf.ones([1])],
    ];
    const [zero, one, two, negative, sum, integers, gone] = tensors;
    gone.dispose();
    const accumulator = new GradientAccumulator(2);
    tf.dispose(accumulator.add([{name: v.name, tensor: sum}]) ?? []);
    const state = () => accumulator.getWeights().map(({name, tensor}) => [name, bitsOf(tensor)]);
    const before = state();
    const [count, own] = ['accumulatedSteps', 'acc/a/accumulatedGradient'];
    const faults: Array<[Array<[string, tf.Tensor]>, RegExp]> = [
      [[[own, sum]], /single number as accumulatedSteps, got undefined/],
      [[[count, sum]], /single number/],
      [[[count, two]], /integer in 0\.\.1, got 2; .* as many steps \(2\)/],
      [[[count, negative]], /got -1/],
      [
        [
          [count, zero],
          [own, sum],
        ],
        /no sums before the first batch/,
      ],
      [
        [
          [count, one],
          [own, sum],
          [own, sum],
        ],
        /each name once/,
      ],
      [
        [
          [count, one],
          ['acc/a', sum],
        ],
        /accumulatedGradient, got 'acc\/a'/,
      ],
      [
        [
          [count, one],
          [own, integers],
        ],
        /to be float32, got 'int32'/,
      ],
      [
        [
          [count, one],
          [own, gone],
        ],
        /disposed of, got 'acc\/a/,
      ],
    ];
    for (const [weights, message] of faults) {
      const list = weights.map(([name, tensor]) => ({name, tensor}));
      await expectRefusal(() => accumulator.setWeights(list), 'weights', message);
      expect(state()).toEqual(before);
    }
    accumulator.dispose();
    tf.dispose([v, ...tensors.slice(0, -1)]);
  });
});
