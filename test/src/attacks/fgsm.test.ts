import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {fgsm} from '../../../src/index.js';
import {classesOf, forThisFile, rowWiseNet} from '../../support/attacked_nets.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';

const net = rowWiseNet(12, 5, 21);
const x = forThisFile(tf.sigmoid(randomTensor([30, 3, 4], 22)));
const labels = classesOf(net, x);
const y = forThisFile(tf.oneHot(tf.tensor1d(labels, 'int32'), 5).cast('float32'));

/** The gradient as anybody would take it: tfjs's own loss, summed over the examples. */
const gradient = (at: tf.Tensor) => tf.grad(x => tf.neg(tf.sum(tf.mul(y, tf.logSoftmax(net(x))))))(at);

describe('fgsm', () => {
  it.each([0.01, 0.1, 0.3])(
    'is clip(x + epsilon sign(gradient)), but for a rounding: epsilon %d',
    async epsilon => {
      const expected = tf.tidy(() =>
        tf.clipByValue(tf.add(x, tf.mul(tf.sign(gradient(x)), epsilon)), 0, 1).dataSync(),
      );
      const found = await expectNoLeakAsync(() => fgsm(net, x, labels, {epsilon}));
      const apart = Array.from(found.adversarial.dataSync(), (v, i) => Math.abs(v - expected[i]));
      // Where x + epsilon is rounded up it would be outside the ball: the float32 below it is taken.
      expect(Math.max(...apart)).toBeLessThanOrEqual(2 ** -24);
      found.adversarial.dispose();
    },
  );

  it('is x + epsilon gradient / |gradient| in l2', async () => {
    const [g, from] = tf.tidy(() => [gradient(x).dataSync(), x.dataSync()]);
    const {adversarial} = await fgsm(net, x, labels, {epsilon: 0.2, norm: 'l2'});
    let worst = 0;
    adversarial.dataSync().forEach((v, i) => {
      const row = g.subarray(i - (i % 12), i - (i % 12) + 12);
      const expected = from[i] + (0.2 * g[i]) / Math.hypot(...row);
      worst = Math.max(worst, Math.abs(v - Math.min(Math.max(expected, 0), 1)));
    });
    expect(worst).toBeLessThan(3e-7);
    adversarial.dispose();
  });

  it('moves one number of twelve in l1, that with the largest gradient which has room', async () => {
    const {adversarial, distance} = await fgsm(net, x, labels, {epsilon: 0.05, norm: 'l1'});
    const [found, from] = [adversarial.dataSync(), x.dataSync()];
    for (let i = 0; i < 30; i++) {
      const moved = Array.from(found.subarray(i * 12, i * 12 + 12)).filter((v, j) => v !== from[i * 12 + j]);
      expect(moved.length).toBe(1);
      expect(distance[i]).toBeLessThanOrEqual(0.05);
    }
    adversarial.dispose();
  });

  it('gives x where epsilon is 0', async () => {
    const found = await fgsm(net, x, labels, {epsilon: 0});
    expect(found.adversarial.dataSync()).toEqual(x.dataSync());
    expect(found.success.some(Boolean)).toBe(false);
    found.adversarial.dispose();
  });
});
