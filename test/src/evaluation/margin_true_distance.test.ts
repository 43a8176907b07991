import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {steepestDirection} from '../../../src/evaluation/margin_direction.js';
import {trueDistances, type LineSearch} from '../../../src/evaluation/margin_true_distance.js';
import type {Norm} from '../../../src/index.js';
import {worstRelative} from '../../support/expect_close.js';
import {expectNoLeakAsync, errorOf} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';

const CALLER = 'trueDistances';

/** Two classes with the logits g(x) and 0, x one number. */
const scalarNet =
  (g: (x: tf.Tensor) => tf.Tensor) =>
  (x: tf.Tensor): tf.Tensor =>
    tf.tidy(() => tf.concat([g(x), tf.zerosLike(x)], 1));

/** The norm dual to l_p, by its definition. */
function dual(g: number[], norm: Norm): number {
  if (norm === 'l1') return Math.max(...g.map(Math.abs));
  const q = norm === 'l2' ? 2 : norm === 'linf' ? 1 : 1.5; // of l3
  return g.reduce((sum, value) => sum + Math.abs(value) ** q, 0) ** (1 / q);
}

/** From x, along the direction in which the gap of the label 0 grows; so far by the linear estimate. */
function search(
  g: (x: tf.Tensor) => tf.Tensor,
  x: number[],
  towards: number[],
  estimates: number[],
  line: Partial<LineSearch> = {},
) {
  const at = tf.tensor2d(x, [x.length, 1]);
  const along = tf.tensor2d(towards, [x.length, 1]);
  const labels = x.map(() => 0);
  const options = {norm: 'l2' as const, limit: 16, ...line};
  return trueDistances(CALLER, scalarNet(g), at, along, estimates, labels, options);
}

describe('trueDistances', () => {
  const x = randomTensor<tf.Tensor2D>([20, 6], 2);

  it.each<Norm>(['l1', 'l2', 'linf', 3])(
    'agrees with the linear distance of an affine net of two classes: %s',
    async norm => {
      const w = randomTensor<tf.Tensor2D>([6, 2], 1);
      const classifier = (x: tf.Tensor) => tf.matMul(x as tf.Tensor2D, w);
      const gradient = w.arraySync().map(([a, b]) => a - b);
      const logits = classifier(x).arraySync() as number[][];
      const estimates = logits.map(([a, b]) => (a - b) / dual(gradient, norm));
      expect(estimates.some(d => d < 0) && estimates.some(d => d > 0)).toBe(true);
      const towards = steepestDirection(tf.tile(tf.tensor2d([gradient]), [20, 1]), norm);
      const zeros = new Array<number>(20).fill(0);
      const run = () => trueDistances(CALLER, classifier, x, towards, estimates, zeros, {norm, limit: 16});
      const error = worstRelative(await expectNoLeakAsync(run), estimates, 1e-3);
      console.log(`${norm}: relative error of the true distance of an affine net ${error.toExponential(1)}`);
      expect(error).toBeLessThan(2e-5);
    },
  );

  it('is never longer than the estimate in an affine net: another class may come before the strongest rival', async () => {
    const w = randomTensor<tf.Tensor2D>([6, 4], 1);
    const classifier = (x: tf.Tensor) => tf.matMul(x as tf.Tensor2D, w);
    const columns = tf.transpose(w).arraySync();
    const examples = (classifier(x).arraySync() as number[][]).map(row => {
      const [label, rival] = [0, 1, 2, 3].sort((a, b) => row[b] - row[a]);
      const gradient = columns[label].map((value, j) => value - columns[rival][j]);
      return {label, gradient, estimate: (row[label] - row[rival]) / dual(gradient, 'l2')};
    });
    const towards = steepestDirection(tf.tensor2d(examples.map(({gradient}) => gradient)), 'l2');
    const [estimates, labels] = [examples.map(e => e.estimate), examples.map(e => e.label)];
    const line = {norm: 'l2' as const, limit: 16};
    const found = await trueDistances(CALLER, classifier, x, towards, estimates, labels, line);
    const ratios = Array.from(found, (distance, i) => distance / estimates[i]);
    expect(Math.max(...ratios)).toBeLessThan(1 + 2e-5);
    expect(Math.min(...ratios)).toBeGreaterThan(0);
  });

  it('follows the line past the estimate and stops short of it, as the net bends', async () => {
    // x^3 - 1 at 2: gap 7, slope 12, estimate 7/12; it is 0 at 1. At -1: gap -2, slope 3, estimate -2/3; it is right from 1 on.
    const g = (x: tf.Tensor) => tf.sub(tf.mul(x, tf.square(x)), 1);
    const found = await search(g, [2, -1], [1, 1], [7 / 12, -2 / 3]);
    expect(worstRelative(found, [1, -2], 1)).toBeLessThan(2e-5);
  });

  it('takes the first change that its points show, not a later one', async () => {
    // cos(x) at 0, followed downwards from an estimate of 1: 0 at pi/2, then above 0 again at 3 pi/2.
    const found = await search(tf.cos, [0], [-1], [1]);
    expect(worstRelative(found, [Math.PI / 2], 1)).toBeLessThan(1e-5);
  });

  it('is Infinity with the sign of the estimate where the class stays as far as is looked', async () => {
    const found = await search(x => tf.add(tf.mul(x, 0), tf.sign(x)), [1, -1], [0, 0], [1, -1]);
    expect(Array.from(found)).toEqual([Infinity, -Infinity]);
    // x - 10 < 0 is reached at 10, ten times the estimate.
    const far = (limit: number) => search(x => tf.sub(10, x), [0], [-1], [1], {limit});
    expect((await far(9.9))[0]).toBe(Infinity);
    expect(worstRelative(await far(11), [10], 1)).toBeLessThan(2e-5);
  });

  it('is 0 on the boundary', async () => {
    expect(Array.from(await search(x => x, [0], [1], [0]))).toEqual([0]);
  });

  it('clips to the bounds, and measures what was moved', async () => {
    // Two values, the gap is their sum - 1; from (1, 0.25) along (1, 1)/sqrt(2) the second stops at 0, the first goes on.
    const at = tf.tensor2d([[1, 0.25]]);
    const classifier = (x: tf.Tensor) =>
      tf.tidy(() => tf.concat([tf.sub(tf.sum(x, 1, true), 0.5), tf.zeros([1, 1])], 1));
    const towards = tf.tensor2d([[Math.SQRT1_2, Math.SQRT1_2]]);
    const estimate = [0.75 / Math.SQRT2];
    const free = await trueDistances(CALLER, classifier, at, towards, estimate, [0], {norm: 'l2', limit: 4});
    expect(worstRelative(free, estimate, 1)).toBeLessThan(2e-5);
    const bounds: [number, number] = [0, 1];
    const run = () =>
      trueDistances(CALLER, classifier, at, towards, estimate, [0], {norm: 'l2', limit: 4, bounds});
    const clipped = await expectNoLeakAsync(run);
    // At (0.5, 0) the sum is 0.5: moved by (0.5, 0.25).
    expect(worstRelative(clipped, [Math.hypot(0.5, 0.25)], 1)).toBeLessThan(2e-5);
  });

  it('says NaN of estimates and logits that are not finite, and goes on with the others', async () => {
    // Beyond 4 the net is NaN: sqrt(4 - x) - 1 is 0 at 3.
    const g = (x: tf.Tensor) => tf.sub(tf.sqrt(tf.sub(4, x)), 1);
    const found = await search(g, [0, 0, 0], [-1, -1, -1], [NaN, 3, 100]);
    expect(found[0]).toBeNaN();
    expect(worstRelative([found[1]], [3], 1)).toBeLessThan(2e-5);
    expect(found[2]).toBeNaN(); // its first point lies at 12.5
  });

  it('leaves no tensor behind where the net throws', async () => {
    const before = tf.memory().numTensors;
    const [at, along] = [tf.zeros([1, 1]), tf.ones([1, 1])];
    const broken = () => {
      throw new Error('broken net');
    };
    const error = await errorOf(() =>
      trueDistances(CALLER, broken, at, along, [1], [0], {norm: 'l2', limit: 2}),
    );
    tf.dispose([at, along]);
    expect(String(error)).toMatch('broken net');
    expect(tf.memory().numTensors).toBe(before);
  });
});
