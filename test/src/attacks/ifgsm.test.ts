import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {fgsm, ifgsm} from '../../../src/index.js';
import {classesOf, forThisFile, rowWiseNet} from '../../support/attacked_nets.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';

const net = rowWiseNet(12, 5, 31);
const x = forThisFile(tf.sigmoid(randomTensor([30, 12], 32)));
const labels = classesOf(net, x);
const y = forThisFile(tf.oneHot(tf.tensor1d(labels, 'int32'), 5).cast('float32'));
const gradient = (at: tf.Tensor) => tf.grad(x => tf.neg(tf.sum(tf.mul(y, tf.logSoftmax(net(x))))))(at);

/** Kurakin's loop as anybody would write it. */
function iterated(epsilon: number, steps: number, stepSize: number): ArrayLike<number> {
  return tf.tidy(() => {
    let at: tf.Tensor = x;
    for (let step = 0; step < steps; step++) {
      const moved = tf.add(at, tf.mul(tf.sign(gradient(at)), stepSize));
      at = tf.clipByValue(tf.minimum(tf.maximum(moved, tf.sub(x, epsilon)), tf.add(x, epsilon)), 0, 1);
    }
    return at.dataSync();
  });
}

describe('ifgsm', () => {
  it.each([
    [0.1, 10, undefined],
    [0.3, 7, undefined],
    [0.1, 4, 0.05],
  ])(
    'is the loop of signs and clips, but for a rounding: epsilon %d, %i steps of %s',
    async (epsilon, steps, stepSize) => {
      const expected = iterated(epsilon, steps, stepSize ?? epsilon / steps);
      const found = await expectNoLeakAsync(() => ifgsm(net, x, labels, {epsilon, steps, stepSize}));
      const apart = Array.from(found.adversarial.dataSync(), (v, i) => Math.abs(v - expected[i]));
      expect(Math.max(...apart)).toBeLessThanOrEqual(1e-7);
      found.adversarial.dispose();
    },
  );

  it('of one step is fgsm, bit for bit', async () => {
    const [once, fast] = [
      await ifgsm(net, x, labels, {epsilon: 0.2, steps: 1}),
      await fgsm(net, x, labels, {epsilon: 0.2}),
    ];
    expect(once.adversarial.dataSync()).toEqual(fast.adversarial.dataSync());
    tf.dispose([once.adversarial, fast.adversarial]);
  });

  it('makes all its steps for every example, those that are wrong included', async () => {
    const wrong = labels.map(label => (label + 1) % 5);
    const {distance, adversarial} = await ifgsm(net, x, wrong, {epsilon: 0.01});
    // Somewhere every example is far from the bounds, and goes there the whole way, in 10 steps that are rounded.
    expect(Math.min(...distance)).toBeGreaterThan(0.0099);
    adversarial.dispose();
  });
});
