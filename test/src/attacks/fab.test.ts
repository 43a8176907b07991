import * as tf from '@tensorflow/tfjs-core';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {AttackResult} from '../../../src/attacks/attack_types.js';
import {lengthOf} from '../../../src/attacks/boundaries.js';
import {deepFool} from '../../../src/attacks/deepfool.js';
import {fab, resolveFab, runFab, type FabOptions} from '../../../src/attacks/fab.js';
import {survey} from '../../../src/attacks/walkers.js';
import type {Classifier} from '../../../src/types.js';
import {classesOf, linearNet, rowWiseNet} from '../../support/attacked_nets.js';
import {errorOf, expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {watchedSearch} from '../../support/searches.js';
import {trainedNet, type TrainedNet} from '../../support/trained_net.js';

const norms = ['linf', 'l2', 'l1'] as const;
let net: TrainedNet;
beforeAll(() => {
  net = trainedNet({examples: 60});
});
afterAll(() => net.dispose());

const median = (values: ArrayLike<number>) => Array.from(values).sort((a, b) => a - b)[values.length >> 1];

/** The result without its tensor. */
function plain({adversarial, ...rest}: AttackResult) {
  const values = [...adversarial.dataSync()];
  adversarial.dispose();
  return {...rest, values};
}

describe('fab on a trained net', () => {
  it.each(['linf', 'l2'] as const)('is no farther from x than deepFool in the median, %s', async norm => {
    const ours = plain(await fab(net.classifier(), net.x, net.labels, {norm, steps: 20}));
    const theirs = plain(await deepFool(net.classifier(), net.x, net.labels, {norm}));
    console.log(
      `median distance in ${norm}: fab ${median(ours.distance)}, deepFool ${median(theirs.distance)}`,
    );
    expect(ours.success.every(Boolean)).toBe(true);
    expect(median(ours.distance)).toBeLessThanOrEqual(median(theirs.distance));
  });

  it.each(norms)('finds nothing farther with more restarts, or one target at a time, %s', async norm => {
    const options = {norm, steps: 10};
    const once = plain(await fab(net.classifier(), net.x, net.labels, options));
    const often = plain(await fab(net.classifier(), net.x, net.labels, {...options, restarts: 4}));
    expect(often.success.every(Boolean)).toBe(true);
    // All but the final search go on from what one walk found.
    const isNoFarther = often.distance.map((distance, i) => Number(distance <= 1.01 * once.distance[i]));
    expect(isNoFarther).toEqual(new Float64Array(60).fill(1));
    expect(often.distance.some((distance, i) => distance < 0.99 * once.distance[i])).toBe(true);
    const targeted = plain(await fab(net.classifier(), net.x, net.labels, {...options, targets: 3}));
    expect(median(targeted.distance)).toBeLessThanOrEqual(1.01 * median(once.distance));
  });

  it('goes the same ways however large the logits are', async () => {
    const options = {norm: 'l2', steps: 5} as const;
    const [one, thousand] = [
      plain(await fab(net.classifier(), net.x, net.labels, options)),
      plain(await fab(net.classifier(1024), net.x, net.labels, options)),
    ];
    expect(thousand.values).toEqual(one.values);
  });

  it('gives one result for each epsilon, clipped to it and judged again', async () => {
    const free = plain(await fab(net.classifier(), net.x, net.labels, {norm: 'l2', steps: 10}));
    const epsilons = [0.3, 0, 0.1];
    const results = await expectNoLeakAsync(() =>
      fab(net.classifier(), net.x, net.labels, {norm: 'l2', steps: 10, epsilons}),
    );
    results.forEach((result, k) => {
      const judged = classesOf(net.classifier(), result.adversarial).map((c, i) => c !== net.labels[i]);
      expect(result.success).toEqual(judged);
      expect(result.distance.every(distance => distance <= epsilons[k])).toBe(true);
      // Whatever lies inside the radius counts.
      free.distance.forEach((distance, i) => {
        if (distance <= epsilons[k]) expect(result.success[i]).toBe(true);
      });
    });
    tf.dispose(results.map(({adversarial}) => adversarial));
  });
});

describe('fab on nets that are hard to attack', () => {
  const options = {norm: 'l2', bounds: [-9, 9] as [number, number], steps: 5} as const;

  it('leaves what is wrong already, at a distance of 0', async () => {
    const ramp = linearNet(tf.tensor2d([[1, -1]]));
    const x = tf.tensor2d([[-1], [2]]);
    const {success, distance, values} = plain(await fab(ramp, x, [0, 0], options));
    expect(success).toEqual([true, true]);
    expect([distance[0], values[0]]).toEqual([0, -1]);
    expect(distance[1]).toBeCloseTo(2, 4);
    x.dispose();
  });

  it('parts a tie, where the first class counts as the strongest', async () => {
    const ramp = linearNet(tf.tensor2d([[1, -1]]));
    const x = tf.tensor2d([[0]]);
    const {success, distance} = plain(await fab(ramp, x, [0], options));
    expect(success).toEqual([true]);
    expect(distance[0]).toBeLessThan(1e-6);
    x.dispose();
  });

  it('gives x back without success where the slope is 0, and says so', async () => {
    const flat: Classifier = x => tf.tidy(() => tf.add(tf.mul(x, 0), tf.tensor1d([3, 1])));
    const x = randomTensor([3, 2], 1);
    const result = plain(await expectNoLeakAsync(() => fab(flat, x, [0, 0, 0], {...options, restarts: 2})));
    expect(result.success).toEqual([false, false, false]);
    expect(result.gradients).toEqual(['zero', 'zero', 'zero']);
    expect(result.values).toEqual([...x.dataSync()]);
    x.dispose();
  });

  it('starts anywhere where nothing is known, and so crosses a plateau', async () => {
    // The class is wrong beyond 5, and nothing says so at x.
    const step: Classifier = x =>
      tf.tidy(() => tf.concat([tf.sub(3, tf.mul(6, tf.relu(tf.sub(x, 5)))), tf.zerosLike(x)], 1));
    const x = tf.tensor2d([[0]]);
    const result = plain(await fab(step, x, [0], {...options, steps: 20, restarts: 12}));
    expect(result.gradients).toEqual(['zero']);
    expect(result.success).toEqual([true]);
    expect(result.distance[0]).toBeGreaterThanOrEqual(5.5);
    expect(result.distance[0]).toBeLessThan(5.51);
    x.dispose();
  });

  it('takes NaN neither for robust nor for beaten', async () => {
    // NaN where x > 1: wherever the first could be wrong, and at the second.
    const broken: Classifier = x =>
      tf.tidy(() => tf.matMul(tf.sqrt(tf.sub(1, x)) as tf.Tensor2D, tf.tensor2d([[3, 0]])));
    const x = tf.tensor2d([[0], [2]]);
    const {success, broken: states} = plain(await expectNoLeakAsync(() => fab(broken, x, [0, 0], options)));
    expect(success).toEqual([false, false]);
    expect(states).toEqual([false, true]);
    x.dispose();
  });

  it('says that gradients are NaN', async () => {
    const net: Classifier = x =>
      tf.customGrad(at => ({
        value: tf.clone(at as tf.Tensor),
        gradFunc: dy => tf.mul(dy, NaN),
      }))(x);
    const x = tf.tensor2d([[2, 1]]);
    const result = plain(await fab(net, x, [0], options));
    expect([result.success[0], result.gradients![0], ...result.values]).toEqual([false, 'nan', 2, 1]);
    x.dispose();
  });
});

describe('fab', () => {
  const rows = rowWiseNet(6, 4, 3);
  const small = {norm: 'l2', steps: 6, restarts: 2, bounds: [-9, 9] as [number, number]} as const;

  it('finds the same again, whatever the batch, and something else with another seed', async () => {
    const x = randomTensor([7, 6], 5);
    const labels = classesOf(rows, x);
    const run = async (options: FabOptions) =>
      plain(await fab(rows, x, labels, {...small, ...options})).values;
    const once = await run({});
    expect(await run({})).toEqual(once);
    expect(await run({batchSize: 3})).toEqual(once);
    expect(await run({seed: 1, restarts: 3})).not.toEqual(once);
    x.dispose();
  });

  it('tells of each step, and ends when it is told to, leaving nothing behind', async () => {
    const x = randomTensor([3, 6], 5);
    const labels = classesOf(rows, x);
    const controller = new AbortController();
    const steps: number[] = [];
    const onProgress = ({step}: {step: number}) => {
      steps.push(step);
      if (step === 4) controller.abort();
    };
    const error = await expectNoLeakAsync(() =>
      errorOf(() => fab(rows, x, labels, {...small, onProgress, signal: controller.signal})),
    );
    expect((error as Error).name).toBe('AbortError');
    expect(steps).toEqual([1, 2, 3, 4]);
    x.dispose();
  });

  it('leaves nothing behind where the net throws', async () => {
    const x = randomTensor([3, 6], 5);
    const labels = classesOf(rows, x);
    for (const last of [2, 3, 4, 18, 30]) {
      let calls = 0;
      const failing: Classifier = points => {
        if (++calls === last) throw new Error('no more');
        return rows(points);
      };
      const error = await expectNoLeakAsync(() => errorOf(() => fab(failing, x, labels, small)));
      expect(error, `call ${last}`).toMatchObject({message: 'no more'});
    }
    x.dispose();
  });

  it.each([
    [{steps: 0}, 'steps'],
    [{restarts: 1.5}, 'restarts'],
    [{targets: 0}, 'targets'],
    [{targets: 4}, 'targets'],
    [{alphaMax: 1.1}, 'alphaMax'],
    [{alphaMax: NaN}, 'alphaMax'],
    [{eta: 0.9}, 'eta'],
    [{eta: Infinity}, 'eta'],
    [{beta: 1}, 'beta'],
    [{beta: 0}, 'beta'],
    [{seed: 0.5}, 'seed'],
    [{norm: 'l3'}, 'norm'],
    [{targeted: true}, 'options'],
    [{stepSize: 1}, 'options'],
  ])('refuses %o', async (options, argument) => {
    const x = tf.zeros([1, 6]);
    await expectRefusal(() => fab(rows, x, [0], options as FabOptions), argument, 'fab: expected');
    x.dispose();
  });
});

describe('runFab', () => {
  it('makes no more steps for what is inside the radius, nor a final search', async () => {
    const rows = rowWiseNet(6, 4, 3);
    const x = randomTensor([4, 6], 5);
    const labels = classesOf(rows, x);
    const task = {classes: 4, norm: 'linf', bounds: [-9, 9] as [number, number], epsilon: 5} as const;
    const search = watchedSearch(rows, x, labels, task);
    const {origins} = await survey(search);
    const found = await expectNoLeakAsync(() => runFab(search, resolveFab('test', {steps: 9})));
    const reached = classesOf(rows, found).map((c, i) => c !== labels[i]);
    expect(reached).toEqual([true, true, true, true]);
    (found.arraySync() as number[][]).forEach((row, i) => {
      expect(Math.max(...row.map((value, j) => Math.abs(value - origins[i][j])))).toBeLessThanOrEqual(5);
    });
    expect(search.active.length).toBeLessThan(9);
    expect(search.active.at(-1)).toBe(0);
    found.dispose();
  });

  it.each(norms)('begins restarts half a radius away, each at another point, %s', async norm => {
    const starts: number[][] = [];
    const flat: Classifier = points =>
      tf.tidy(() => {
        starts.push(Array.from(points.dataSync()));
        return tf.add(tf.mul(tf.slice(points, [0, 0], [-1, 2]), 0), tf.tensor1d([3, 1]));
      });
    const task = {classes: 2, norm, epsilon: 6};
    const search = watchedSearch(flat, tf.zeros([1, 5]), [0], task);
    const found = await runFab(search, resolveFab('test', {restarts: 3}));
    // The survey, x itself, and two restarts, which see no boundary.
    expect(starts.slice(0, 2)).toEqual([new Array(5).fill(0), new Array(5).fill(0)]);
    expect(starts.length).toBe(4);
    for (const start of starts.slice(2)) expect(lengthOf(start, norm)).toBeCloseTo(3, 5);
    expect(starts[2]).not.toEqual(starts[3]);
    found.dispose();
  });
});
