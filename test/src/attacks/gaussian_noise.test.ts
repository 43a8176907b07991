import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {distanceBetween} from '../../../src/attacks/exact_clip.js';
import {gaussianNoise, type GaussianNoiseOptions} from '../../../src/attacks/gaussian_noise.js';
import {errorOf, expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';

type Net = (x: tf.Tensor) => tf.Tensor;

/** Class 0 where the first value is above 0. */
const half: Net = x => {
  const first = tf.slice(x, [0, 0], [-1, 1]);
  return tf.concat([first, tf.neg(first)], 1);
};
const wide: [number, number] = [-100, 100];
const at = (value: number, count: number) => tf.fill([count, 3], value) as tf.Tensor2D;
const zeros = (count: number) => new Array<number>(count).fill(0);

describe('gaussianNoise', () => {
  it('leaves a half-space with the probability of the normal distribution', async () => {
    const x = at(1, 500);
    const results = await gaussianNoise(half, x, zeros(500), {sigmas: [0.5, 1, 2], draws: 10, bounds: wide});
    // P(n > -1 / sigma) for 1 / sigma = 2, 1, 0.5; of 5000 draws one standard deviation is below 0.0066.
    const expected = [0.97725, 0.841345, 0.691462];
    results.forEach(({accuracy, brokenShare}, k) => {
      expect(Math.abs(accuracy - expected[k])).toBeLessThan(0.025);
      expect(brokenShare).toBe(0);
    });
    expect(results.map(({sigma}) => sigma)).toEqual([0.5, 1, 2]);
    tf.dispose([x, ...results.map(({adversarial}) => adversarial)]);
  });

  it('gives the worst draw of each example, as the net sees it', async () => {
    const x = at(1, 200);
    const seen: Float32Array[] = [];
    const watched: Net = input => {
      seen.push(Float32Array.from(input.dataSync() as Float32Array));
      return half(input);
    };
    const result = await gaussianNoise(watched, x, zeros(200), {
      ...{sigmas: 0.6, draws: 4, bounds: wide},
      batchSize: 200,
    });
    // Looks: the input, four draws, the judgement. The margin is -2 times the first value.
    const draws = seen.slice(1, 5);
    const adversarial = result.adversarial.dataSync() as Float32Array;
    const clean = x.dataSync() as Float32Array;
    for (let i = 0; i < 200; i++) {
      const rows = draws.map(values => values.subarray(3 * i, 3 * i + 3));
      const worst = rows.reduce((low, row) => (row[0] < low[0] ? row : low));
      const row = adversarial.subarray(3 * i, 3 * i + 3);
      expect(row).toEqual(worst);
      expect(result.success[i]).toBe(worst[0] < 0);
      expect(result.distance[i]).toBe(distanceBetween(row, clean.subarray(3 * i, 3 * i + 3), 'l2'));
    }
    const right = draws.reduce(
      (sum, values) => sum + values.filter((v, j) => j % 3 === 0 && v >= 0).length,
      0,
    );
    expect(result.accuracy).toBe(right / 800);
    expect(result.success.filter(Boolean).length / 200).toBeGreaterThan(1 - result.accuracy);
    tf.dispose([x, result.adversarial]);
  });

  it('adds the same noise at every sigma, in proportion, and in whatever batch', async () => {
    const x = at(0, 7);
    const labels = zeros(7);
    const run = async (options: Partial<GaussianNoiseOptions>) => {
      const results = await gaussianNoise(half, x, labels, {sigmas: [1, 2], bounds: wide, ...options} as {
        sigmas: number[];
      });
      return results.map(({adversarial}) => {
        const values = [...adversarial.dataSync()];
        adversarial.dispose();
        return values;
      });
    };
    const [once, twice] = await run({});
    expect(twice).toEqual(once.map(value => 2 * value));
    expect(await run({batchSize: 2})).toEqual([once, twice]);
    expect((await run({seed: 4}))[0]).not.toEqual(once);
    expect(new Set(once).size).toBe(21);
    x.dispose();
  });

  it('clips to the bounds', async () => {
    const x = at(0.1, 50);
    const {adversarial, distance} = await gaussianNoise(half, x, zeros(50), {sigmas: 1});
    const values = [...adversarial.dataSync()];
    expect(Math.min(...values)).toBe(0);
    expect(Math.max(...values)).toBe(1);
    expect(Math.max(...distance)).toBeLessThanOrEqual(0.9 * Math.sqrt(3) + 1e-6);
    tf.dispose([x, adversarial]);
  });

  it('changes nothing at sigma 0: the clean accuracy', async () => {
    const x = tf.tensor2d([
      [1, 0, 0],
      [-1, 0, 0],
    ]);
    const result = await gaussianNoise(half, x, [0, 0], {sigmas: 0, bounds: wide, draws: 3});
    expect([result.accuracy, result.success, [...result.distance]]).toEqual([0.5, [false, true], [0, 0]]);
    tf.dispose([x, result.adversarial]);
  });

  it('calls an example broken with NaN in any draw, and counts such draws as not right', async () => {
    // The root of a negative number: with 1 + n, at sigma 1, in 16 % of the draws.
    const rooted: Net = x =>
      tf.concat([tf.sqrt(tf.slice(x, [0, 0], [-1, 1])), tf.fill([x.shape[0], 1], -1)], 1);
    const x = at(1, 300);
    const result = await gaussianNoise(rooted, x, zeros(300), {sigmas: 1, draws: 2, bounds: wide});
    expect(Math.abs(result.brokenShare - 0.158655)).toBeLessThan(0.06);
    expect(result.accuracy).toBeCloseTo(1 - result.brokenShare, 12);
    expect(result.success).not.toContain(true);
    const broken = result.broken.filter(Boolean).length / 300;
    expect(broken).toBeGreaterThan(result.brokenShare);
    expect(broken).toBeLessThan(2 * result.brokenShare);
    tf.dispose([x, result.adversarial]);
  });

  it('tells how far it is, over all sigmas', async () => {
    const x = at(1, 4);
    const seen: number[][] = [];
    const results = await gaussianNoise(half, x, zeros(4), {
      ...{sigmas: [1, 2], draws: 2, bounds: wide, batchSize: 2},
      onProgress: ({examples, of, step}) => seen.push([examples, of, step]),
    });
    const [batch, next] = [
      [0, 2],
      [4, 6],
    ];
    const wanted = [...batch, ...next].flatMap(examples => [1, 2].map(step => [examples, 8, step]));
    expect(seen).toEqual(wanted);
    tf.dispose([x, ...results.map(({adversarial}) => adversarial)]);
  });

  it('leaves nothing behind: when it is done, when the net fails, when it is aborted', async () => {
    const x = at(1, 4);
    const options = {sigmas: [1, 2], draws: 3, bounds: wide};
    const done = await expectNoLeakAsync(() => gaussianNoise(half, x, zeros(4), options));
    tf.dispose(done.map(({adversarial}) => adversarial));
    let looks = 0;
    const failing: Net = input => {
      if (looks++ === 7) throw new Error('the net fails');
      return half(input);
    };
    const failure = await expectNoLeakAsync(() =>
      errorOf(() => gaussianNoise(failing, x, zeros(4), options)),
    );
    expect(String(failure)).toMatch('the net fails');
    const abort = new AbortController();
    const onProgress = ({examples}: {examples: number}) => {
      if (examples === 4) abort.abort(new Error('enough'));
    };
    const watch = {onProgress, signal: abort.signal};
    const end = await expectNoLeakAsync(() =>
      errorOf(() => gaussianNoise(half, x, zeros(4), {...options, ...watch})),
    );
    expect(String(end)).toMatch('enough');
    x.dispose();
  });

  it.each<[string, object | undefined]>([
    ['options', undefined],
    ['options', {sigmas: 1, norm: 'l2'}],
    ['options', {sigmas: 1, epsilon: 1}],
    ['options', {sigmas: 1, tally: {}}],
    ['sigmas', {}],
    ['sigmas', {sigmas: []}],
    ['sigmas', {sigmas: -1}],
    ['sigmas', {sigmas: [1, NaN]}],
    ['draws', {sigmas: 1, draws: 0}],
    ['seed', {sigmas: 1, seed: 0.1}],
    ['batchSize', {sigmas: 1, batchSize: 0}],
    ['bounds', {sigmas: 1, bounds: [1, 0]}],
    ['onProgress', {sigmas: 1, onProgress: 1}],
    ['signal', {sigmas: 1, signal: 1}],
  ])('refuses bad %s', async (argument, options) => {
    const x = at(0.5, 2);
    const call = () => gaussianNoise(half, x, [0, 0], options as {sigmas: number});
    await expectRefusal(call, argument, 'gaussianNoise');
    x.dispose();
  });
});
