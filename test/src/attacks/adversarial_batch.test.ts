import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, expectTypeOf, it} from 'vitest';
import {adversarialBatch, type AdversarialOptions} from '../../../src/attacks/adversarial_batch.js';
import {fgsm, type FgsmOptions} from '../../../src/attacks/fgsm.js';
import {pgd, type PgdOptions} from '../../../src/attacks/pgd.js';
import type {Classifier} from '../../../src/types.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';

// Logits x w with w = [[1, -1], [-2, 2]]: for label 0 the cross-entropy falls along (1, -2), for label 1 along (-1, 2).
const w = tf.tensor2d([
  [1, -1],
  [-2, 2],
]);
const linear: Classifier = x => tf.matMul(x as tf.Tensor2D, w);
const SIZE = 8;
const x = tf.fill([SIZE, 2], 0.5);
const labels = tf.tensor1d([0, 1, 0, 1, 0, 1, 0, 1], 'int32');
const options = {attack: fgsm, epsilon: 0.25};
// FGSM against label 0 is 0.5 + 0.25 (-1, 1), against label 1 the opposite.
const moved = [
  [0.25, 0.75],
  [0.75, 0.25],
];

async function rowsOf(mix: () => Promise<tf.Tensor>): Promise<number[][]> {
  const mixed = await expectNoLeakAsync(mix);
  const rows = (await mixed.array()) as number[][];
  mixed.dispose();
  return rows;
}
const isMoved = (rows: number[][]) => rows.map(row => row[0] !== 0.5);
const countMoved = (rows: number[][]) => isMoved(rows).filter(Boolean).length;

describe('adversarialBatch', () => {
  it('replaces a share of the batch by what the attack finds, in their places, and nothing else', async () => {
    for (let step = 0; step < 5; step++) {
      const rows = await rowsOf(() => adversarialBatch(linear, x, labels, {...options, step}));
      expect(countMoved(rows)).toBe(SIZE / 2);
      rows.forEach((row, i) => {
        if (row[0] !== 0.5) expect(row).toEqual(moved[i % 2]);
        else expect(row).toEqual([0.5, 0.5]);
      });
    }
    expect(Array.from(x.dataSync()).every(value => value === 0.5)).toBe(true);
  });

  it('replaces all with share 1', async () => {
    const rows = await rowsOf(() => adversarialBatch(linear, x, labels, {...options, share: 1}));
    expect(rows).toEqual(Array.from({length: SIZE}, (_, i) => moved[i % 2]));
  });

  it('rounds a count that is not whole at random: a share of 0.3 of 8 is 2.4 in the mean', async () => {
    const counts: number[] = [];
    for (let step = 0; step < 200; step++)
      counts.push(
        countMoved(await rowsOf(() => adversarialBatch(linear, x, labels, {...options, share: 0.3, step}))),
      );
    expect(new Set(counts)).toEqual(new Set([2, 3]));
    // The standard error is sqrt(0.4 x 0.6 / 200) = 0.035.
    expect(Math.abs(counts.reduce((a, b) => a + b) / 200 - 2.4)).toBeLessThan(0.11);
  });

  it('draws every place equally often, the same again with the same seed and step', async () => {
    const hits = new Array(SIZE).fill(0);
    const places = async (seed: number, step: number) =>
      isMoved(await rowsOf(() => adversarialBatch(linear, x, labels, {...options, seed, step})));
    // Without a count of tensors: five run at once.
    const drawn = async (seed: number, step: number) => {
      const mixed = await adversarialBatch(linear, x, labels, {...options, seed, step});
      const rows = (await mixed.array()) as number[][];
      mixed.dispose();
      return isMoved(rows);
    };
    for (let step = 0; step < 200; step++)
      (await places(7, step)).forEach((hit, i) => (hits[i] += Number(hit)));
    // Each in half of 200 draws, give or take four standard errors of sqrt(200 / 4) = 7.
    hits.forEach(count => expect(Math.abs(count - 100)).toBeLessThan(28));
    const draws = (seed: number, first: number) =>
      Promise.all([0, 1, 2, 3, 4].map(step => drawn(seed, first + step)));
    expect(await draws(7, 3)).toEqual(await draws(7, 3));
    expect(await draws(8, 3)).not.toEqual(await draws(7, 3));
    expect(await draws(7, 4)).not.toEqual(await draws(7, 3));
  });

  it('draws one radius for each batch where a range is given', async () => {
    const radii = [];
    for (let step = 0; step < 30; step++) {
      const mixed = () =>
        adversarialBatch(linear, x, labels, {...options, epsilon: [0.1, 0.3], share: 1, step});
      const distances = (await rowsOf(mixed)).map(row => Math.abs(row[0] - 0.5));
      expect(Math.max(...distances) - Math.min(...distances)).toBeLessThan(1e-6);
      radii.push(distances[0]);
    }
    expect(Math.min(...radii)).toBeGreaterThanOrEqual(0.1 - 1e-7);
    expect(Math.max(...radii)).toBeLessThanOrEqual(0.3 + 1e-7);
    // Of 30 uniform numbers the largest and the smallest are apart by 93.5 % of the range in the mean.
    expect(Math.max(...radii) - Math.min(...radii)).toBeGreaterThan(0.14);
  });

  it('leads away from what the net predicts where it is told to, whatever the labels are', async () => {
    // At 0.5 both logits are 0.5 - 1 and 1 - 0.5: class 1 is predicted everywhere.
    const soft = tf.fill([SIZE, 2], 0.5);
    const rows = await rowsOf(() =>
      adversarialBatch(linear, x, soft, {...options, labels: 'predicted', share: 1}),
    );
    expect(rows).toEqual(Array.from({length: SIZE}, () => moved[1]));
    await expectRefusal(() => adversarialBatch(linear, x, soft, options), 'labels', 'one-hot');
    soft.dispose();
  });

  it('takes one-hot labels as well as indices', async () => {
    const oneHot = tf.tidy(() => tf.cast(tf.oneHot(labels, 2), 'float32'));
    expect(await rowsOf(() => adversarialBatch(linear, x, oneHot, options))).toEqual(
      await rowsOf(() => adversarialBatch(linear, x, labels, options)),
    );
    oneHot.dispose();
  });

  it('gives an attack that draws starts another seed at each step', async () => {
    // A flat net: PGD stays at its random start.
    const flat: Classifier = x => tf.mul(tf.matMul(x as tf.Tensor2D, w), 0);
    const run = (step: number, seed = 0) =>
      rowsOf(() =>
        adversarialBatch(flat, x, labels, {attack: pgd, epsilon: 0.1, steps: 1, share: 1, seed, step}),
      );
    expect(await run(1)).not.toEqual(await run(0));
    expect(await run(0, 1)).not.toEqual(await run(0));
    expect(await run(0)).toEqual(await run(0));
  });

  it('passes on the options of the attack, and does not know others', async () => {
    const norms: string[] = [];
    const own = async (...args: Parameters<typeof fgsm>) => {
      norms.push(JSON.stringify(args[3]));
      return fgsm(...args);
    };
    await rowsOf(() =>
      adversarialBatch(linear, x, labels, {attack: own as typeof fgsm, epsilon: 0.1, norm: 'l2'}),
    );
    expect(norms).toEqual(['{"batchSize":4,"norm":"l2","epsilon":0.1}']);
    const steps = {...options, steps: 3} as never;
    await expectRefusal(() => adversarialBatch(linear, x, labels, steps), 'options', 'steps');
  });

  it('lets examples pass whose logits are NaN, and refuses gradients that are NaN where logits are not', async () => {
    const broken: Classifier = x => tf.mul(linear(x), NaN);
    expect(countMoved(await rowsOf(() => adversarialBatch(broken, x, labels, {...options, share: 1})))).toBe(
      0,
    );
    // The root of 0 has an infinite slope, times 0 it is NaN.
    const steep: Classifier = x => tf.add(linear(x), tf.mul(tf.sqrt(tf.sub(x, 0.5)), 0));
    await expectRefusal(
      () => adversarialBatch(steep, x, labels, {...options, share: 1}),
      'classifier',
      'finite gradients',
      'example 0',
    );
  });

  it('keeps what it needs when the caller disposes of the batch at once', async () => {
    const [a, b] = [x.clone(), labels.clone()];
    const promise = adversarialBatch(linear, a, b, options);
    tf.dispose([a, b]);
    const mixed = await promise;
    expect(mixed.shape).toEqual([SIZE, 2]);
    mixed.dispose();
  });

  it('refuses what it cannot do by name, and leaves nothing behind', async () => {
    const refused = (changes: object, argument: string, ...parts: string[]) =>
      expectRefusal(() => adversarialBatch(linear, x, labels, {...options, ...changes}), argument, ...parts);
    await refused({share: 0}, 'share', '(0, 1]');
    await refused({share: NaN}, 'share', 'NaN');
    await refused({epsilon: [0.2, 0.1]}, 'epsilon', '[0.2, 0.1]');
    await refused({epsilon: -1}, 'epsilon');
    await refused({labels: 'least'}, 'labels', 'predicted');
    await refused({seed: 0.5}, 'seed');
    await refused({step: -1}, 'step');
    await refused({attack: 'fgsm'}, 'attack', 'a function');
    await refused({targeted: true}, 'targeted', 'left out');
    await refused({epsilons: [1]}, 'epsilons', 'left out');
    await expectRefusal(() => adversarialBatch(linear, x, labels, null as never), 'attack');
    const [few, outside] = [tf.tensor1d([0], 'int32'), tf.fill([2, 2], 2)];
    await expectRefusal(() => adversarialBatch(linear, x, few, options), 'labels', '8 labels');
    await expectRefusal(() => adversarialBatch(linear, few, few, options), 'x', '[batch, ...]');
    const two = tf.tensor1d([0, 1], 'int32');
    await expectRefusal(() => adversarialBatch(linear, outside, two, options), 'x', 'bounds');
    await expectRefusal(() => adversarialBatch(3 as never, x, labels, options), 'classifier');
    outside.dispose();
    await expectRefusal(() => adversarialBatch(linear, outside, two, options), 'x', 'disposed');
    tf.dispose([few, two]);
  });

  it('knows the options of each attack by their types', () => {
    expectTypeOf<AdversarialOptions<PgdOptions>>().toHaveProperty('steps');
    expectTypeOf<AdversarialOptions<FgsmOptions>>().not.toHaveProperty('steps');
  });
});
