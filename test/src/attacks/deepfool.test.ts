import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import type {AttackResult} from '../../../src/attacks/attack_types.js';
import {deepFool, type DeepFoolOptions} from '../../../src/attacks/deepfool.js';
import type {Classifier} from '../../../src/types.js';
import {classesOf, counted, linearNet, rowWiseNet} from '../../support/attacked_nets.js';
import {expectClose} from '../../support/expect_close.js';
import {errorOf, expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';

const bounds: [number, number] = [-9, 9];
const rows = rowWiseNet(6, 4, 3);

/** The result without its tensor. */
function plain({adversarial, ...rest}: AttackResult) {
  const values = [...adversarial.dataSync()];
  adversarial.dispose();
  return {...rest, values};
}

describe('deepFool', () => {
  it.each([
    // z_0 - z_1 = 3 x_0 + 4 x_1 from (1, 2): 11 / 5 along (3, 4) / 5, or 11 / 7 along the signs; 2 % more of it.
    ['l2', [1 - 1.02 * 1.32, 2 - 1.02 * 1.76]],
    ['linf', [1 - (1.02 * 11) / 7, 2 - (1.02 * 11) / 7]],
  ] as const)('takes the step of the paper, %s', async (norm, expected) => {
    const net = linearNet(
      tf.tensor2d([
        [3, 0],
        [4, 0],
      ]),
    );
    const x = tf.tensor2d([[1, 2]]);
    const result = plain(await expectNoLeakAsync(() => deepFool(net, x, [0], {norm, bounds})));
    expect(result.success).toEqual([true]);
    expect(result.gradients).toEqual(['sound']);
    expectClose(result.values, [...expected], 1e-5);
    x.dispose();
  });

  it('linearizes anew at each step, where the whole perturbation went beyond', async () => {
    // z_0 - z_1 = x^2 - 1 from 3, Newton's method: 3 - 8 / 6 x 1.02 = 1.64; there the gap is 1.6896 and the slope 3.28:
    // r = -8 / 6 - 1.6896 / 3.28 = -1.848455; 3 + 1.02 r = 1.114576; gap 0.242280, slope 2.229152: r = -1.957143,
    // 3 + 1.02 r = 1.003714; gap 0.007442, slope 2.007428: r = -1.960850, 3 + 1.02 r = 0.999933, which is across.
    const seen: number[] = [];
    const net: Classifier = x => {
      seen.push(x.dataSync()[0]);
      return tf.tidy(() => tf.concat([tf.sub(tf.square(x), 1), tf.zerosLike(x)], 1));
    };
    const x = tf.tensor2d([[3]]);
    const result = plain(await deepFool(net, x, [0], {bounds}));
    // Twice at x before the first step, and once for the judge.
    expectClose(seen, [3, 3, 3, 1.64, 1.114576, 1.003714, 0.999933, 0.999933], 1e-5);
    expect(result.success).toEqual([true]);
    x.dispose();
  });

  it('goes to the nearest of several boundaries, among the candidates', async () => {
    // z_1 - z_0 and z_2 - z_0 are x_0 - 1 and 5 x_1 - 2: 1 and 0.4 away; the second class is the stronger at (0, 0).
    const net: Classifier = x =>
      tf.tidy(() =>
        tf.add(
          tf.matMul(
            x as tf.Tensor2D,
            tf.tensor2d([
              [0, 1, 0],
              [0, 0, 5],
            ]),
          ),
          tf.tensor1d([0, -1, -2]),
        ),
      );
    const x = tf.tensor2d([[0, 0]]);
    const all = plain(await deepFool(net, x, [0], {bounds, overshoot: 0}));
    expectClose(all.values, [0, 0.4], 1e-5);
    const one = plain(await deepFool(net, x, [0], {bounds, overshoot: 0, candidates: 1}));
    expectClose(one.values, [1, 0], 1e-5);
    x.dispose();
  });

  it('lets examples go as soon as their class is wrong', async () => {
    const net = counted(rows);
    const x = randomTensor([8, 6], 5);
    const active: number[] = [];
    const onProgress = (progress: {active: number}) => active.push(progress.active);
    const result = plain(await deepFool(net, x, classesOf(rows, x), {bounds, onProgress}));
    expect(result.success.every(Boolean)).toBe(true);
    expect(active.at(-1)).toBe(0);
    expect(active).toEqual([...active].sort((a, b) => b - a));
    // The clean look, the one before the steps, the first step; at the end the judge.
    expect(net.sizes).toEqual([8, 8, 8, ...active.slice(0, -1), 8]);
    x.dispose();
  });

  it('stays inside the bounds, and gets across where they hold values back', async () => {
    // x_0 + x_1 / 2 - 0.1 from (0.25, 0.5): the first step has x_0 at its bound, and x_1 alone can go on, to 0.2. As the
    // slope of both is followed, each step makes the gap smaller by 0.2 x 1.02: it would not be 0 after 50 of them.
    const x = tf.tensor2d([[0.25, 0.5]]);
    const net: Classifier = at =>
      tf.tidy(() => {
        const gap = tf.sub(tf.matMul(at as tf.Tensor2D, tf.tensor2d([[1], [0.5]])), 0.1);
        return tf.concat([gap, tf.zerosLike(gap)], 1);
      });
    const result = plain(await deepFool(net, x, [0], {bounds: [0, 1]}));
    expect(result.success).toEqual([true]);
    expectClose(result.values, [0, 0.2], 1e-3);
    x.dispose();
  });

  it('leaves what is wrong already, and parts a tie', async () => {
    const net = linearNet(tf.tensor2d([[1, -1]]));
    const x = tf.tensor2d([[-1], [0]]);
    const {success, distance} = plain(await deepFool(net, x, [0, 0], {bounds, overshoot: 0}));
    expect(success).toEqual([true, true]);
    expect(distance[0]).toBe(0);
    expect(distance[1]).toBeLessThan(1e-6);
    x.dispose();
  });

  it('gives one result for each epsilon, clipped to it and judged again', async () => {
    const x = randomTensor([8, 6], 5);
    const labels = classesOf(rows, x);
    const epsilons = [4, 0.05];
    const results = await expectNoLeakAsync(() => deepFool(rows, x, labels, {bounds, epsilons}));
    results.forEach((result, k) => {
      expect(result.success).toEqual(classesOf(rows, result.adversarial).map((c, i) => c !== labels[i]));
      expect(result.distance.every(distance => distance <= epsilons[k])).toBe(true);
    });
    expect(results[0].success.filter(Boolean).length).toBeGreaterThan(
      results[1].success.filter(Boolean).length,
    );
    tf.dispose([x, ...results.map(({adversarial}) => adversarial)]);
  });

  it('goes nowhere where the slope is 0, and says so', async () => {
    const flat: Classifier = x => tf.tidy(() => tf.add(tf.mul(x, 0), tf.tensor1d([3, 1])));
    const x = randomTensor([2, 2], 1);
    const result = plain(await expectNoLeakAsync(() => deepFool(flat, x, [0, 0], {bounds})));
    expect(result.success).toEqual([false, false]);
    expect(result.gradients).toEqual(['zero', 'zero']);
    expect(result.values).toEqual([...x.dataSync()]);
    x.dispose();
  });

  it('takes NaN neither for robust nor for beaten', async () => {
    // 2 sqrt(x) - 2 from 4: the first step goes to 4 - 4 x 1.02, where it is NaN; the second input is so already.
    const net: Classifier = x =>
      tf.tidy(() => tf.concat([tf.sub(tf.mul(2, tf.sqrt(x)), 2), tf.zerosLike(x)], 1));
    const x = tf.tensor2d([[4], [-1]]);
    const result = plain(await expectNoLeakAsync(() => deepFool(net, x, [0, 0], {bounds})));
    expect(result.success).toEqual([false, false]);
    expect(result.broken).toEqual([true, true]);
    expect(result.gradients![0]).toBe('nan');
    x.dispose();
  });

  it('finds the same again, whatever the batch', async () => {
    const x = randomTensor([7, 6], 5);
    const labels = classesOf(rows, x);
    const run = async (options: DeepFoolOptions) =>
      plain(await deepFool(rows, x, labels, {bounds, ...options}));
    const once = await run({});
    expect(await run({})).toEqual(once);
    expect(await run({batchSize: 3})).toEqual(once);
    x.dispose();
  });

  it('ends when it is told to, and where the net throws, leaving nothing behind', async () => {
    const x = randomTensor([3, 6], 5);
    const labels = classesOf(rows, x);
    const controller = new AbortController();
    const options = {bounds, signal: controller.signal, onProgress: () => controller.abort()};
    const aborted = await expectNoLeakAsync(() => errorOf(() => deepFool(rows, x, labels, options)));
    expect((aborted as Error).name).toBe('AbortError');
    for (const last of [2, 3, 4]) {
      let calls = 0;
      const failing: Classifier = points => {
        if (++calls === last) throw new Error('no more');
        return rows(points);
      };
      const thrown = await expectNoLeakAsync(() => errorOf(() => deepFool(failing, x, labels, {bounds})));
      expect(thrown, `call ${last}`).toMatchObject({message: 'no more'});
    }
    x.dispose();
  });

  it.each([
    [{steps: 0}, 'steps'],
    [{candidates: 0}, 'candidates'],
    [{overshoot: -0.1}, 'overshoot'],
    [{overshoot: NaN}, 'overshoot'],
    [{norm: 'l1'}, 'norm'],
    [{targeted: true}, 'options'],
    [{restarts: 2}, 'options'],
  ])('refuses %o', async (options, argument) => {
    const x = tf.zeros([1, 6]);
    await expectRefusal(
      () => deepFool(rows, x, [0], options as DeepFoolOptions),
      argument,
      'deepFool: expected',
    );
    x.dispose();
  });
});
