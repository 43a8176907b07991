import * as tf from '@tensorflow/tfjs-core';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {pgd} from '../../../src/attacks/pgd.js';
import {resolveSquare, runSquare, square, type SquareOptions} from '../../../src/attacks/square.js';
import type {AttackResult} from '../../../src/attacks/attack_types.js';
import {distanceBetween} from '../../../src/attacks/exact_clip.js';
import {firstPictures, type Pictures} from '../../reference/attacks/mnist.js';
import {logitsOf, storedNet} from '../../reference/attacks/nets.js';
import {expectClose} from '../../support/expect_close.js';
import {errorOf, expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randoms} from '../../support/randoms.js';
import {convNet} from '../../support/tiny_models.js';

type Net = (x: tf.Tensor) => tf.Tensor;
const COUNT = 30;
const conv = logitsOf(convNet({softmax: false}));
/** Pictures [6, 6, 2] with pixels in (0, 1). */
const x = tf.tensor4d(
  randoms(4 * 72, 5).map(value => 1 / (1 + Math.exp(-value))),
  [4, 6, 6, 2],
);
const labels = [...tf.tidy(() => tf.argMax(conv(x), 1).dataSync())];
let digits: Net;
let pictures: Pictures;

beforeAll(async () => {
  digits = logitsOf(await storedNet('cross_entropy'));
  pictures = firstPictures('t10k', COUNT);
});
afterAll(() => tf.dispose([pictures.x, pictures.labels]));

/** The classifier, which shows each input of the net and its logits. */
function watched(net: Net, see: (x: tf.Tensor, logits: number[][]) => void): Net {
  return input => {
    const logits = net(input) as tf.Tensor2D;
    see(input, logits.arraySync());
    return logits;
  };
}

const standing = ({success}: AttackResult) => success.filter(done => !done).length;
const valuesOf = ({adversarial}: AttackResult) => Array.from(adversarial.dataSync());

describe('square', () => {
  it.each(['linf', 'l2'] as const)(
    'stays inside ball and bounds in %s, and says how far it went',
    async norm => {
      const epsilons = norm === 'l2' ? [0.3, 3] : [0.01, 0.3];
      const results = await square(conv, x, labels, {norm, epsilons, queries: 60});
      for (const {adversarial, distance, epsilon} of results) {
        const [from, to] = [x.dataSync(), adversarial.dataSync()] as Float32Array[];
        expect(to.every(value => value >= 0 && value <= 1)).toBe(true);
        for (let i = 0; i < 4; i++) {
          const rows = [to, from].map(values => values.subarray(72 * i, 72 * (i + 1)));
          expect(distance[i]).toBe(distanceBetween(rows[0], rows[1], norm));
          expect(distance[i]).toBeLessThanOrEqual(epsilon!);
        }
      }
      tf.dispose(results.map(({adversarial}) => adversarial));
    },
  );

  it('finds the corner of the linf ball where a linear net turns over, and none before', async () => {
    // z_0 - z_1 = w (x - c) is turned over by epsilon > w (x - c) / ||w||_1.
    const w = [1, -2, 0.5, 3, -1, 0.25];
    const at = [0.3, 0.1, -0.4, 0.2, 0, 0.6];
    const gap = w.reduce((sum, value, i) => sum + value * at[i], 0);
    const threshold = gap / w.reduce((sum, value) => sum + Math.abs(value), 0);
    expect(threshold).toBeGreaterThan(0.05);
    const kernel = tf.tensor2d(w.map(value => [value, 0]));
    const strip = tf.tensor2d([at]);
    const epsilons = [0.999 * threshold, 1.001 * threshold];
    const results = await square(input => tf.matMul(input as tf.Tensor2D, kernel), strip, [0], {
      epsilons,
      queries: 300,
      bounds: [-9, 9],
    });
    expect(results.map(({success}) => success[0])).toEqual([false, true]);
    tf.dispose([kernel, strip, ...results.map(({adversarial}) => adversarial)]);
  });

  it.each(['linf', 'l2'] as const)('comes near pgd on digits in %s', async norm => {
    const epsilon = norm === 'l2' ? 2 : 0.2;
    const found = await square(digits, pictures.x, pictures.labels, {norm, epsilon, queries: 1000});
    const climbed = await pgd(digits, pictures.x, pictures.labels, {norm, epsilon, steps: 20});
    // l2 is slow: the paper's own table has it behind white-box attacks there.
    expect(standing(found)).toBeLessThanOrEqual(standing(climbed) + (norm === 'l2' ? 0.4 : 0.1) * COUNT);
    expect(standing(found)).toBeLessThan(0.7 * COUNT);
    tf.dispose([found.adversarial, climbed.adversarial]);
  });

  it('beats a net whose gradient is hidden, where pgd is lost', async () => {
    const hidden: Net = input =>
      tf.customGrad(at => ({
        value: digits(at as tf.Tensor),
        gradFunc: () => tf.zeros((at as tf.Tensor).shape),
      }))(input);
    const options = {epsilon: 0.2};
    const found = await square(hidden, pictures.x, pictures.labels, {...options, queries: 1000});
    const climbed = await pgd(hidden, pictures.x, pictures.labels, {...options, steps: 20});
    expect(climbed.gradients).toContain('zero');
    expect(found.gradients).toBeUndefined();
    expect(standing(climbed)).toBeGreaterThan(0.8 * COUNT);
    expect(standing(found)).toBeLessThan(0.15 * COUNT);
    tf.dispose([found.adversarial, climbed.adversarial]);
  });

  it.each(['logitMargin', 'crossEntropy'] as const)(
    'goes on from the best input so far, by %s',
    async loss => {
      const seen: Array<{input: number[]; score: number}> = [];
      const one = tf.slice(x, 0, 1);
      const net = watched(conv, (input, [z]) => {
        const rivals = z.filter((_, i) => i !== labels[0]);
        const odds = Math.log(rivals.reduce((sum, value) => sum + Math.exp(value), 0));
        const score = (loss === 'logitMargin' ? Math.max(...rivals) : odds) - z[labels[0]];
        seen.push({input: Array.from(input.dataSync()), score});
      });
      const result = await square(net, one, [labels[0]], {epsilon: 0.004, queries: 120, loss});
      expect(result.success).toEqual([false]);
      // The first look is at the input as it is, the last one at what is returned.
      const queries = seen.slice(1, -1);
      expect(queries.length).toBe(120);
      let best = queries[0];
      let accepted = 0;
      for (const query of queries.slice(1)) {
        const changed = query.input.flatMap((value, i) =>
          value === best.input[i] ? [] : [Math.floor(i / 2)],
        );
        const [lines, columns] = [(i: number) => Math.floor(i / 6), (i: number) => i % 6].map(f =>
          changed.map(f),
        );
        expect(changed.length).toBeGreaterThan(0);
        // 0.8 x 36 pixels: a square of 5 x 5 is the largest.
        for (const side of [lines, columns]) expect(Math.max(...side) - Math.min(...side)).toBeLessThan(5);
        if (query.score > best.score) {
          best = query;
          accepted++;
        }
      }
      expect(accepted).toBeGreaterThan(3);
      expect(accepted).toBeLessThan(100);
      // The last clipping takes off what float32 has rounded up.
      expectClose(valuesOf(result), best.input, 1e-7);
      result.adversarial.dispose();
      one.dispose();
    },
  );

  it('asks about no example after its class is wrong', async () => {
    const asked: number[] = [];
    const net = watched(digits, input => asked.push(input.shape[0]));
    const result = await square(net, pictures.x, pictures.labels, {epsilon: 0.2, queries: 200});
    const queries = asked.slice(1, -1);
    expect(queries.length).toBe(200);
    // The example that the net has wrong from the start is not attacked at all.
    expect(queries[0]).toBe(COUNT - result.distance.filter(length => length === 0).length);
    for (let i = 1; i < 200; i++) expect(queries[i]).toBeLessThanOrEqual(queries[i - 1]);
    expect(queries[199]).toBeGreaterThanOrEqual(standing(result));
    expect(queries[199]).toBeLessThan(COUNT);
    result.adversarial.dispose();
  });

  it('finds the same whatever the batch, and other things with another seed', async () => {
    const run = async (options: SquareOptions) => {
      const result = await square(conv, x, labels, {epsilon: 0.02, queries: 30, ...options});
      const values = [...valuesOf(result), ...result.distance, ...result.success.map(Number)];
      result.adversarial.dispose();
      return values;
    };
    const all = await run({});
    expect(await run({batchSize: 1})).toEqual(all);
    expect(await run({batchSize: 3})).toEqual(all);
    expect(await run({seed: 1})).not.toEqual(all);
  });

  it('tries again with other squares for what still stands', async () => {
    const run = async (restarts: number) => {
      let asked = 0;
      const net = watched(digits, input => (asked += input.shape[0]));
      const options = {epsilon: 0.12, queries: 100, restarts};
      const result = await square(net, pictures.x, pictures.labels, options);
      result.adversarial.dispose();
      return {success: result.success, asked};
    };
    const [once, thrice] = [await run(1), await run(3)];
    once.success.forEach((done, i) => expect(thrice.success[i]).toBe(done || thrice.success[i]));
    const [few, more] = [once, thrice].map(({success}) => success.filter(Boolean).length);
    expect(more).toBeGreaterThan(few);
    expect(thrice.asked).toBeGreaterThan(2 * once.asked);
  });

  it('reaches targets', async () => {
    const targets = Array.from(pictures.labels.dataSync(), digit => (digit + 1) % 10);
    const options = {epsilon: 0.3, queries: 500, targeted: true};
    const result = await square(digits, pictures.x, targets, options);
    const classes = tf.tidy(() => tf.argMax(digits(result.adversarial), 1).dataSync());
    expect(result.success).toEqual(targets.map((target, i) => classes[i] === target));
    expect(standing(result)).toBeLessThan(0.7 * COUNT);
    result.adversarial.dispose();
  });

  it('leaves the input as it is for epsilon 0, and asks nothing', async () => {
    let looks = 0;
    const result = await square(
      watched(conv, () => looks++),
      x,
      labels,
      {epsilon: 0},
    );
    expect([looks, standing(result)]).toEqual([2, 4]);
    expect(valuesOf(result)).toEqual(Array.from(x.dataSync()));
    result.adversarial.dispose();
  });

  it('takes no query whose logits are NaN, and calls a net broken that has no others', async () => {
    let looks = 0;
    const sometimes: Net = input => {
      const logits = conv(input);
      return looks++ % 3 === 2 ? tf.mul(logits, NaN) : logits;
    };
    // Looks 0 (input), 1..30 (queries), 31 (judgement): those that are 2 modulo 3 are NaN.
    const partly = await square(sometimes, x, labels, {epsilon: 0.004, queries: 30});
    expect(partly.broken).toEqual([false, false, false, false]);
    expect(valuesOf(partly).every(Number.isFinite)).toBe(true);
    looks = 0;
    const fromThenOn: Net = input => (looks++ === 0 ? conv(input) : tf.mul(conv(input), NaN));
    const always = await square(fromThenOn, x, labels, {epsilon: 0.004, queries: 5});
    expect(always.broken).toEqual([true, true, true, true]);
    expect(standing(always)).toBe(4);
    tf.dispose([partly.adversarial, always.adversarial]);
  });

  it('leaves nothing behind: when it is done, when the net fails, when it is aborted', async () => {
    const done = await expectNoLeakAsync(() =>
      square(digits, pictures.x, pictures.labels, {epsilon: 0.2, queries: 20, restarts: 2}),
    );
    done.adversarial.dispose();
    let looks = 0;
    const failing: Net = input => {
      if (looks++ === 15) throw new Error('the net fails');
      return digits(input);
    };
    await expectNoLeakAsync(async () => {
      const failure = await errorOf(() =>
        square(failing, pictures.x, pictures.labels, {epsilon: 0.2, queries: 20}),
      );
      expect(String(failure)).toMatch('the net fails');
    });
    const abort = new AbortController();
    const steps: number[] = [];
    await expectNoLeakAsync(async () => {
      const stop = ({step}: {step: number}) => {
        steps.push(step);
        if (step === 10) abort.abort(new Error('enough'));
      };
      const options = {epsilon: 0.2, queries: 20, onProgress: stop, signal: abort.signal};
      expect(String(await errorOf(() => square(digits, pictures.x, pictures.labels, options)))).toMatch(
        'enough',
      );
    });
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it.each<[string, object]>([
    ['queries', {queries: 0}],
    ['queries', {queries: 1.5}],
    ['pInit', {pInit: 0}],
    ['pInit', {pInit: 1.1}],
    ['pInit', {pInit: '0.5'}],
    ['restarts', {restarts: 0}],
    ['loss', {loss: 'dlr'}],
    ['seed', {seed: 0.5}],
    ['norm', {norm: 'l1'}],
    ['options', {steps: 3}],
  ])('refuses a bad %s', async (argument, options) => {
    await expectRefusal(() => square(conv, x, labels, {epsilon: 0.1, ...options}), argument, 'square');
  });

  it('refuses inputs that are no pictures', async () => {
    const five = tf.zeros([2, 2, 2, 2, 2]);
    const net: Net = input => tf.reshape(input, [input.shape[0], -1]);
    await expectRefusal(() => square(net, five, [0, 0], {epsilon: 0.1}), 'x', 'reshape');
    five.dispose();
  });
});

describe('resolveSquare and runSquare', () => {
  it('are what other attacks are made of', () => {
    const defaults = {queries: 5000, pInit: 0.8, restarts: 1, loss: 'logitMargin', seed: 0};
    expect(resolveSquare('autoAttack', {})).toEqual(defaults);
    expect(runSquare).toBeInstanceOf(Function);
  });
});
