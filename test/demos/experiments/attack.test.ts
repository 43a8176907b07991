import * as tf from '@tensorflow/tfjs-node';
import {describe, expect, it} from 'vitest';
import {attack} from '../../../demos/experiments/attack.js';
import {isRight} from '../../../demos/experiments/measure.js';
import {expectClose} from '../../support/expect_close.js';

// Two classes by the mean of two pixels: logits (s, -s), s = scale * (p0 + p1 - 1).
function net(scale = 10): tf.LayersModel {
  const layer = tf.layers.dense({units: 2});
  const model = tf.sequential({layers: [tf.layers.flatten({inputShape: [1, 2, 1]}), layer]});
  layer.setWeights([tf.tensor2d([scale, -scale, scale, -scale], [2, 2]), tf.tensor1d([-scale, scale])]);
  return model;
}
const pictures = (values: number[]) => tf.tensor4d(values, [values.length / 2, 1, 2, 1]);

describe('the attacks of the experiments', () => {
  it('move each pixel by epsilon against the true class and never leave 0..1', async () => {
    const x = pictures([0.9, 0.9, 0.1, 0.05]);
    const y = tf.tensor2d([1, 0, 0, 1], [2, 2]);
    const {pictures: attacked} = await attack(net(), x, y, 0.2);
    // Class 0 wants bright pixels, so they fall by 0.2; class 1 wants dark ones, so they rise.
    expectClose(attacked.dataSync(), [0.7, 0.7, 0.3, 0.25], 1e-5);
    const {pictures: strong} = await attack(net(), x, y, 3);
    expectClose(strong.dataSync(), [0, 0, 1, 1], 1e-5);
  });

  it('count an example as right only where both losses fail', async () => {
    // p0 + p1 - 1 is 0.8 and 0.1: an attack of 0.2 takes 0.4 off, which only the first survives.
    const x = pictures([0.9, 0.9, 0.55, 0.55]);
    const outcome = await attack(net(), x, tf.tensor2d([1, 0, 1, 0], [2, 2]), 0.2);
    expect(outcome.accuracy).toBe(0.5);
    expect(outcome.underLogitMargin).toBe(0.5);
    expect(outcome).not.toHaveProperty('worstCase');
  });

  it('find the way through a saturated softmax by the logit margin, where cross-entropy sees no gradient', async () => {
    const outcome = await attack(net(10_000), pictures([0.7, 0.7]), tf.tensor2d([1, 0], [1, 2]), 0.3);
    expect(outcome.underCrossEntropy).toBe(1);
    expect(outcome.underLogitMargin).toBe(0);
    expect(outcome.accuracy).toBe(0);
  });

  it('ask APGD as well where they are told to, and never find more examples right with it', async () => {
    // Three classes, since the DLR needs a third logit; the gap of 0.9, 0.2 to class 1 is 0.7 and falls by 2 x 0.2.
    const layer = tf.layers.dense({units: 3});
    const model = tf.sequential({layers: [tf.layers.flatten({inputShape: [1, 2, 1]}), layer]});
    layer.setWeights([tf.tensor2d([1, 0, -1, 0, 1, -1], [2, 3]), tf.zeros([3])]);
    const y = tf.tensor2d([1, 0, 0, 1, 0, 0], [2, 3]);
    const {accuracy, worstCase} = await attack(model, pictures([0.9, 0.2, 0.6, 0.5]), y, 0.2, true);
    expect([accuracy, worstCase]).toEqual([0.5, 0.5]);
  });

  it('never count a NaN as right', () => {
    const broken = (x: tf.Tensor4D) => tf.mul(net().predict(x) as tf.Tensor2D, NaN) as tf.Tensor2D;
    expect(isRight(broken, pictures([0.9, 0.9]), tf.tensor2d([1, 0], [1, 2]))).toEqual([false]);
  });

  it('leave one tensor: the attacked pictures', async () => {
    const [model, x, y] = [net(), pictures([0.9, 0.9]), tf.tensor2d([1, 0], [1, 2])];
    const before = tf.memory().numTensors;
    const {pictures: attacked} = await attack(model, x, y, 0.1);
    expect(tf.memory().numTensors).toBe(before + 1);
    attacked.dispose();
  });
});
