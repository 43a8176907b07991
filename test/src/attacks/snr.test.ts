import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {fgsm} from '../../../src/attacks/fgsm.js';
import {fgsmAtSnr, signalToNoise, type FgsmAtSnrOptions} from '../../../src/attacks/snr.js';
import {logitsOf} from '../../reference/attacks/nets.js';
import {expectClose} from '../../support/expect_close.js';
import {errorOf, expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randoms} from '../../support/randoms.js';
import {convNet} from '../../support/tiny_models.js';

describe('signalToNoise', () => {
  it('is 20 dB for a tenth of the length', async () => {
    // ||(3, 4)|| = 5 beside 0.5; ||(0, 2)|| = 2 beside 2.
    const [x, y] = [
      tf.tensor2d([
        [3, 4],
        [0, 2],
      ]),
      tf.tensor2d([
        [3.5, 4],
        [2, 2],
      ]),
    ];
    expectClose(await expectNoLeakAsync(() => signalToNoise(x, y)), [20, 0], 1e-12);
    tf.dispose([x, y]);
  });

  it('is infinite where nothing is changed, and where an input of zeros is', async () => {
    const [x, y] = [tf.tensor2d([[0], [0], [1], [1]]), tf.tensor2d([[0], [1], [1], [NaN]])];
    expect([...(await signalToNoise(x, y))]).toEqual([Infinity, -Infinity, Infinity, NaN]);
    tf.dispose([x, y]);
  });

  it('refuses what is not two float32 tensors of one shape', async () => {
    const [x, y, integers] = [tf.zeros([2, 2]), tf.zeros([2, 1]), tf.zeros([2, 2], 'int32')];
    await expectRefusal(() => signalToNoise(x, y), 'adversarial', '[2, 2]');
    await expectRefusal(() => signalToNoise(integers, x), 'x', 'int32');
    await expectRefusal(() => signalToNoise(x, [1] as never), 'adversarial');
    y.dispose();
    await expectRefusal(() => signalToNoise(x, y), 'adversarial', 'live');
    tf.dispose([x, integers]);
  });
});

/** Logits (x_1 - x_2, 0): the gradient of the loss of class 0 has the signs (-1, 1, 0, 0). */
const twoOfFour = (x: tf.Tensor) => {
  const first = tf.matMul(x as tf.Tensor2D, tf.tensor2d([[1], [-1], [0], [0]]));
  return tf.concat([first, tf.zerosLike(first)], 1);
};
const wide: [number, number] = [-100, 100];

describe('fgsmAtSnr', () => {
  it('goes along the signs of the gradient, as far as the ratio says', async () => {
    // ||x|| = 10; at 20 dB the step is 1 long, hence 1 / root(2) on each of the two values.
    const x = tf.tensor2d([[1, 1, 7, 7]]);
    const result = await fgsmAtSnr(twoOfFour, x, [0], {snr: 20, bounds: wide});
    const step = Math.SQRT1_2;
    expectClose(result.adversarial.dataSync(), [1 - step, 1 + step, 7, 7], 1e-6);
    expectClose(result.achieved, [20], 1e-6);
    expectClose(result.distance, [step], 1e-6);
    expect([result.snr, result.success, result.gradients]).toEqual([20, [true], ['sound']]);
    tf.dispose([x, result.adversarial]);
  });

  const conv = logitsOf(convNet({softmax: false}));
  const x = tf.tensor4d(
    randoms(4 * 72, 8).map(value => 1 / (1 + Math.exp(-value))),
    [4, 6, 6, 2],
  );
  const labels = [...tf.tidy(() => tf.argMax(conv(x), 1).dataSync())];

  it('gives each example an epsilon of its own, and the mean at 33 dB unless told otherwise', async () => {
    const results = await fgsmAtSnr(conv, x, labels, {snr: [10, 33], bounds: wide});
    const byDefault = await fgsmAtSnr(conv, x, labels, {bounds: wide});
    // In float32 of 24 bits the differences adversarial - x keep 1e-5 of themselves.
    expectClose(results[0].achieved, [10, 10, 10, 10], 1e-5);
    expectClose(results[1].achieved, [33, 33, 33, 33], 1e-5);
    expectClose([results[1].meanAchieved], [33], 1e-5);
    expect([...byDefault.achieved]).toEqual([...results[1].achieved]);
    expect(byDefault.snr).toBe(33);
    expect(new Set(results[1].distance).size).toBe(4);
    tf.dispose([...results, byDefault].map(({adversarial}) => adversarial));
  });

  it('is fgsm with that epsilon', async () => {
    const mine = await fgsmAtSnr(conv, x, labels, {snr: 20});
    for (let i = 0; i < 4; i++) {
      const one = tf.slice(x, i, 1);
      const epsilon = mine.distance[i];
      const theirs = await fgsm(conv, one, [labels[i]], {epsilon});
      const row = tf.slice(mine.adversarial, i, 1);
      expectClose(row.dataSync(), theirs.adversarial.dataSync(), 1e-6);
      expect(mine.success[i]).toBe(theirs.success[0]);
      tf.dispose([one, row, theirs.adversarial]);
    }
    mine.adversarial.dispose();
  });

  it('says by how much the bounds make the ratio larger', async () => {
    // The second value, 1 already, stays: the step is 1 / root(2) of what it was, 10 log10(2) = 3.01 dB more.
    const at = tf.tensor2d([[0.5, 1, 0, 0]]);
    const {achieved, adversarial} = await fgsmAtSnr(
      twoOfFour,
      at,
      [1].map(() => 0),
      {snr: 20},
    );
    expectClose(achieved, [20 + 10 * Math.log10(2)], 1e-6);
    tf.dispose([at, adversarial]);
  });

  it('leaves examples without a gradient, and means the others only', async () => {
    const flat = (at: tf.Tensor) => tf.mul(twoOfFour(at), tf.step(tf.slice(at, [0, 2], [-1, 1])));
    const at = tf.tensor2d([
      [1, 1, 7, 7],
      [1, 1, 0, 7],
    ]);
    const result = await fgsmAtSnr(flat, at, [0, 0], {snr: 20, bounds: wide});
    expect(result.gradients).toEqual(['sound', 'zero']);
    expect(result.achieved[1]).toBe(Infinity);
    expectClose([result.meanAchieved], [20], 1e-6);
    const negative = tf.neg(at);
    const none = await fgsmAtSnr(flat, negative, [0, 0], {bounds: wide});
    expect(none.meanAchieved).toBeNaN();
    tf.dispose([at, negative, result.adversarial, none.adversarial]);
  });

  it('goes towards targets', async () => {
    const at = tf.tensor2d([[1, 1, 7, 7]]);
    const options = {snr: 20, bounds: wide, targeted: true};
    const {adversarial, success} = await fgsmAtSnr(twoOfFour, at, [1], options);
    expect(adversarial.dataSync()[0]).toBeLessThan(1);
    expect(success).toEqual([true]);
    tf.dispose([at, adversarial]);
  });

  it('tells how far it is, and leaves nothing behind: done, failing, aborted', async () => {
    const seen: number[][] = [];
    const onProgress = ({examples, of}: {examples: number; of: number}) => seen.push([examples, of]);
    const done = await expectNoLeakAsync(() => fgsmAtSnr(conv, x, labels, {snr: [10, 20], onProgress}));
    tf.dispose(done.map(({adversarial}) => adversarial));
    expect(seen).toEqual([
      [0, 8],
      [4, 8],
    ]);
    let looks = 0;
    const failing = (at: tf.Tensor) => {
      if (looks++ === 4) throw new Error('the net fails');
      return conv(at);
    };
    const failure = await expectNoLeakAsync(() =>
      errorOf(() => fgsmAtSnr(failing, x, labels, {snr: [10, 20]})),
    );
    expect(String(failure)).toMatch('the net fails');
    const abort = new AbortController();
    const options = {onProgress: () => abort.abort(new Error('enough')), signal: abort.signal};
    const end = await expectNoLeakAsync(() => errorOf(() => fgsmAtSnr(conv, x, labels, options)));
    expect(String(end)).toMatch('enough');
  });

  it.each<[string, object | null]>([
    ['options', null],
    ['options', {epsilon: 0.1}],
    ['options', {norm: 'l2'}],
    ['snr', {snr: NaN}],
    ['snr', {snr: []}],
    ['snr', {snr: '33'}],
    ['loss', {loss: 'hinge'}],
    ['onProgress', {onProgress: 3}],
    ['bounds', {bounds: [0]}],
  ])('refuses bad %s', async (argument, options) => {
    const call = () => fgsmAtSnr(conv, x, labels, options as FgsmAtSnrOptions & {snr?: number});
    await expectRefusal(call, argument, 'fgsmAtSnr');
  });
});
