import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {defineAttack} from '../../../src/attacks/define_attack.js';
import type {AttackResult, CommonAttackOptions, GradientHealth} from '../../../src/attacks/attack_types.js';
import {fgsm, ifgsm, pgd, type Classifier} from '../../../src/index.js';
import {classesOf, forThisFile, rowWiseNet} from '../../support/attacked_nets.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';

const EXAMPLES = 24;
const x = forThisFile(tf.tidy(() => tf.sigmoid(randomTensor([EXAMPLES, 5], 2))));
const net = rowWiseNet(5, 3, 4);
const labels = classesOf(net, x);
const dispose = (results: AttackResult | AttackResult[]) =>
  tf.dispose([results].flat().map(({adversarial}) => adversarial));

describe('success', () => {
  it.each(['linf', 'l2', 'l1'] as const)(
    'of pgd never falls with epsilon, example by example: %s',
    async norm => {
      const epsilons = [0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8];
      const results = await expectNoLeakAsync(() => pgd(net, x, labels, {epsilons, norm, steps: 5}));
      const counts = results.map(({success}) => success.filter(Boolean).length);
      for (let k = 1; k < epsilons.length; k++)
        results[k].success.forEach((value, i) =>
          expect(Number(value)).toBeGreaterThanOrEqual(+results[k - 1].success[i]),
        );
      expect(counts[0]).toBe(0);
      expect(counts.at(-1)).toBeGreaterThan(counts[1]);
      // What is beaten at a radius stays where it was beaten at a smaller one.
      results.forEach(({distance, epsilon}) => expect(Math.max(...distance)).toBeLessThanOrEqual(epsilon!));
      dispose(results);
    },
  );

  it('is what the net says of the input that comes out', async () => {
    for (const attack of [fgsm, ifgsm, pgd]) {
      const found = await attack(net, x, labels, {epsilon: 0.15});
      expect(found.success).toEqual(classesOf(net, found.adversarial).map((label, i) => label !== labels[i]));
      dispose(found);
    }
  });

  it('at the input already: a search leaves it, a paper attacks it all the same', async () => {
    const wrong = labels.map(label => (label + 1) % 3);
    const [searched, stepped] = [
      await pgd(net, x, wrong, {epsilon: 0.1}),
      await fgsm(net, x, wrong, {epsilon: 0.1}),
    ];
    expect(searched.success.every(Boolean)).toBe(true);
    expect(searched.distance.every(d => d === 0)).toBe(true);
    expect(stepped.distance.every(d => d > 0.05)).toBe(true);
    dispose([searched, stepped]);
  });
});

/** Rows of NaN, or of a value, in place of the logits where the first number of an input is in a range. */
const spoilt =
  (low: number, high: number, value: number): Classifier =>
  input =>
    tf.tidy(() => {
      // By numbers that are read: tfjs has no gradient of comparisons.
      const firsts = tf.slice(input, [0, 0], [-1, 1]).dataSync();
      const isIn = tf.tensor2d(
        Array.from(firsts, v => Number(v > low && v < high)),
        [firsts.length, 1],
        'bool',
      );
      const logits = net(input);
      const rows = tf.tile(isIn, [1, 3]);
      return tf.where(rows, tf.fill(logits.shape, value), logits);
    });

describe('broken', () => {
  const inputs = forThisFile(
    tf.tensor2d(
      [0.1, 0.5, 0.9].flatMap(first => [first, 0.5, 0.5, 0.5, 0.5]),
      [3, 5],
    ),
  );
  const theirs = classesOf(net, inputs);

  it.each([NaN, Infinity, -Infinity])(
    'is an input whose logits are %d: neither robust nor beaten',
    async value => {
      for (const attack of [fgsm, ifgsm, pgd]) {
        const found = await expectNoLeakAsync(() =>
          attack(
            spoilt(0.89, 0.91, value),
            inputs,
            theirs.map(l => (l + 1) % 3),
            {epsilon: 0.05},
          ),
        );
        expect(found.broken).toEqual([false, false, true]);
        expect(found.success).toEqual([true, true, false]);
        dispose(found);
      }
    },
  );

  it('is an input that an attack leads to such logits', async () => {
    const there = defineAttack<CommonAttackOptions, null>({
      name: 'there',
      norms: ['linf'],
      options: [],
      attacks: 'standing',
      usesGradients: false,
      resolve: () => null,
      run: search => Promise.resolve(tf.tidy(() => tf.add(search.x, search.task.epsilon))),
    });
    // 0.5 + 0.1 is in it, 0.5 + 0.2 no more; what was broken once stays so.
    const results = await there(spoilt(0.55, 0.65, NaN), inputs, theirs, {epsilons: [0.2, 0.1]});
    expect(results.map(({broken}) => broken)).toEqual([
      [false, true, false],
      [false, true, false],
    ]);
    expect(results.map(({success}) => success[1])).toEqual([false, false]);
    dispose(results);
  });
});

/** The same logits with gradients that are multiplied: of the input and of nothing else. */
const planted = (factors: number[]): Classifier => {
  const spoil = tf.customGrad((x, save) => {
    void save;
    const rows = factors.map(f => new Array<number>(5).fill(f));
    // 0 x Infinity would be NaN: where the factor is infinite the gradient is.
    const gradFunc = (dy: tf.Tensor) => {
      const size = dy.shape[0];
      const factor = tf.tensor2d(rows.slice(0, size).flat(), [size, 5]);
      return tf.where(tf.isInf(factor), factor, tf.mul(dy, factor));
    };
    return {value: tf.clone(x as tf.Tensor), gradFunc};
  });
  return input => tf.tidy(() => net(spoil(input)));
};

describe('gradients', () => {
  const four = forThisFile(tf.slice(x, 0, 4));
  const own = labels.slice(0, 4);
  const kinds: GradientHealth[] = ['sound', 'zero', 'nan', 'infinite'];

  it('are known to be sound, zero, NaN or infinite, example by example', async () => {
    const classifier = planted([1, 0, NaN, Infinity]);
    for (const attack of [fgsm, ifgsm]) {
      const found = await expectNoLeakAsync(() => attack(classifier, four, own, {epsilon: 0.1}));
      expect(found.gradients).toEqual(kinds);
      // No direction, no step: what is broken does not spread.
      expect(Array.from(found.distance, d => d > 0.05)).toEqual([true, false, false, false]);
      dispose(found);
    }
  });

  it('of a search too, whose starts are random', async () => {
    const classifier = planted([1, 0, NaN, Infinity]);
    const options = {epsilon: 1e-4, steps: 2, restarts: 2, batchSize: 2};
    // In batches of 2 the plan is applied to the first two places of each.
    const found = await pgd(classifier, four, own, options);
    expect(found.gradients).toEqual(['sound', 'zero', 'sound', 'zero']);
    const whole = await pgd(classifier, four, own, {...options, batchSize: 4});
    expect(whole.gradients).toEqual(kinds);
    dispose([found, whole]);
  });

  it('that break at one start are not forgotten when those of the next are sound', async () => {
    const health = await notedBy([
      ['nan', 'zero', 'zero', 'sound'],
      ['sound', 'sound', 'zero', 'zero'],
    ]);
    expect(health).toEqual(['nan', 'sound', 'zero', 'sound']);
  });

  it('are remembered at a larger radius of examples that are attacked no more', async () => {
    const always: Classifier = input => tf.tidy(() => net(input));
    const attack = noting(epsilon => (epsilon < 0.3 ? ['zero', 'zero'] : ['sound', 'sound']));
    // The first is beaten at the smaller radius by walking to the other class, the second is not.
    const results = await attack(always, four, own, {epsilons: [0.2, 0.5], bounds: [0, 1]});
    const beaten = results[0].success;
    results[1].gradients!.slice(0, 2).forEach((state, i) => expect(state).toBe(beaten[i] ? 'zero' : 'sound'));
    expect(results[0].gradients).toEqual(['zero', 'zero', 'sound', 'sound']);
    dispose(results);
  });

  /** An attack that goes nowhere and notes what it is told, of the first examples. */
  function noting(what: (epsilon: number) => GradientHealth[]) {
    return defineAttack<CommonAttackOptions, null>({
      name: 'noting',
      norms: ['linf'],
      options: [],
      attacks: 'standing',
      usesGradients: true,
      resolve: () => null,
      run(search) {
        what(search.task.epsilon).forEach((state, i) => {
          if (search.examples.includes(i)) search.task.noteGradient(i, state);
        });
        return Promise.resolve(tf.tidy(() => tf.add(search.x, search.task.epsilon)));
      },
    });
  }

  async function notedBy(starts: GradientHealth[][]): Promise<GradientHealth[] | undefined> {
    const attack = defineAttack<CommonAttackOptions, null>({
      name: 'noting',
      norms: ['linf'],
      options: [],
      attacks: 'all',
      usesGradients: true,
      resolve: () => null,
      run(search) {
        starts.forEach(start => search.noteGradients(start, true));
        return Promise.resolve(search.x.clone());
      },
    });
    const found = await attack(net, four, own, {epsilon: 0.1});
    dispose(found);
    return found.gradients;
  }
});

describe('a classifier that no gradient goes through', () => {
  type Case = [string, Classifier, string | RegExp];
  const refused: Case[] = [
    [
      'does not look at x',
      at => tf.tidy(() => tf.add(tf.zeros([at.shape[0], 3]), tf.tensor1d([1, 2, 3]))),
      'from x',
    ],
    ['reads numbers', at => tf.tidy(() => net(tf.tensor(at.dataSync(), at.shape))), 'reading no numbers'],
    [
      'takes ranks',
      at => tf.tidy(() => net(tf.cast(tf.topk(at, 5).indices, 'float32'))),
      /differentiate, got 'TopK'/,
    ],
  ];

  it.each(refused)('is refused: one that %s', async (_, classifier, said) => {
    const theirs = classesOf(classifier, x);
    for (const attack of [fgsm, ifgsm, pgd])
      await expectRefusal(() => attack(classifier, x, theirs, {epsilon: 0.1}), 'classifier', said);
  });

  it('may be x itself, where that is the logits', async () => {
    const identity: Classifier = at => at;
    const theirs = classesOf(identity, x);
    const found = await expectNoLeakAsync(() =>
      fgsm(identity, x, theirs, {epsilon: 0.01, loss: 'logitMargin'}),
    );
    // The margin rises by moving the label down and its strongest rival up: 2 of 5 numbers.
    const moved = Array.from(found.adversarial.dataSync(), (v, i) => Math.abs(v - x.dataSync()[i]) > 0.005);
    expect(moved.filter(Boolean).length).toBe(2 * EXAMPLES);
    dispose(found);
  });
});
