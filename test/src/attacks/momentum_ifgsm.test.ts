import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {ifgsm, momentumIfgsm} from '../../../src/index.js';
import {classesOf, forThisFile, rowWiseNet} from '../../support/attacked_nets.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';

const net = rowWiseNet(12, 5, 41);
const x = forThisFile(tf.sigmoid(randomTensor([30, 12], 42)));
const labels = classesOf(net, x);
const y = forThisFile(tf.oneHot(tf.tensor1d(labels, 'int32'), 5).cast('float32'));

/** Dong et al. 2018, algorithm 1. */
function withMomentum(epsilon: number, steps: number, decay: number): ArrayLike<number> {
  return tf.tidy(() => {
    let [at, momentum]: tf.Tensor[] = [x, tf.zerosLike(x)];
    for (let step = 0; step < steps; step++) {
      const g = tf.grad(x => tf.neg(tf.sum(tf.mul(y, tf.logSoftmax(net(x))))))(at);
      momentum = tf.add(tf.mul(momentum, decay), tf.div(g, tf.sum(tf.abs(g), 1, true)));
      const moved = tf.add(at, tf.mul(tf.sign(momentum), epsilon / steps));
      at = tf.clipByValue(tf.minimum(tf.maximum(moved, tf.sub(x, epsilon)), tf.add(x, epsilon)), 0, 1);
    }
    return at.dataSync();
  });
}

describe('momentumIfgsm', () => {
  it.each([
    [undefined, 1],
    [0.5, 0.5],
    [2, 2],
  ])('is the loop of the paper, but for a rounding: decay %s', async (decay, expectedDecay) => {
    const expected = withMomentum(0.3, 8, expectedDecay);
    const found = await expectNoLeakAsync(() =>
      momentumIfgsm(net, x, labels, {epsilon: 0.3, steps: 8, decay}),
    );
    const apart = Array.from(found.adversarial.dataSync(), (v, i) => Math.abs(v - expected[i]));
    expect(Math.max(...apart)).toBeLessThanOrEqual(1e-7);
    found.adversarial.dispose();
  });

  it('without any momentum is ifgsm', async () => {
    const options = {epsilon: 0.3, steps: 8};
    const [none, plain] = [
      await momentumIfgsm(net, x, labels, {...options, decay: 0}),
      await ifgsm(net, x, labels, options),
    ];
    expect(none.adversarial.dataSync()).toEqual(plain.adversarial.dataSync());
    tf.dispose([none.adversarial, plain.adversarial]);
  });

  it('keeps to each example what is its own', async () => {
    const [whole, part] = [
      await momentumIfgsm(net, x, labels, {epsilon: 0.2}),
      await momentumIfgsm(net, x, labels, {epsilon: 0.2, batchSize: 7}),
    ];
    expect(part.adversarial.dataSync()).toEqual(whole.adversarial.dataSync());
    tf.dispose([whole.adversarial, part.adversarial]);
  });
});
