import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {boundaryGeometry, scaleFactor} from '../../../src/evaluation/margin_geometry.js';
import {boundaryDistances, onLiveTape, resolveLayer, resolveOptions, type Norm} from '../../../src/index.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {labelsOf} from '../../support/tiny_models.js';

const [x, w1, w2] = [
  randomTensor<tf.Tensor2D>([8, 4], 1),
  randomTensor<tf.Tensor2D>([4, 5], 2),
  randomTensor<tf.Tensor2D>([5, 3], 3),
];
const labels = labelsOf([0, 1, 2, 0, 1, 2, 0, 1]);

function net() {
  const hidden = tf.tanh(tf.matMul(x, w1)) as tf.Tensor2D;
  return {logits: tf.matMul(hidden, w2) as tf.Tensor2D, activations: {input: x, hidden}};
}

describe('boundaryGeometry', () => {
  it.each<[Norm, 'logits' | 'probabilities', number | 'size']>([
    ['l2', 'logits', 1],
    ['linf', 'probabilities', 1],
    ['l1', 'logits', 'size'],
    [3, 'logits', 2],
  ])('gives the distances that the loss is made of: %s, %s, scale %s', (norm, scores, scale) => {
    const options = resolveOptions('test', {gamma: 1, norm, scores, scale, gradient: 'firstOrder'});
    const layers = ['input', 'hidden'].map(name => resolveLayer('test', {name}, options));
    const both = expectNoLeak(() =>
      onLiveTape(() =>
        tf.tidy(() => {
          const {logits, activations} = net();
          const expected = boundaryDistances('test', labels, logits, activations, layers, options);
          return {geometry: boundaryGeometry('test', labels, logits, activations, layers, options), expected};
        }),
      ),
    );
    for (const {name} of layers) {
      const {distances, denominators, gradients} = both.geometry[name];
      expectClose(distances.dataSync(), both.expected[name].dataSync(), 1e-6);
      expect(denominators.shape).toEqual([8]);
      expect(gradients.shape).toEqual(name === 'input' ? [8, 4] : [8, 5]);
    }
  });

  it('gives as denominator the gradient norm and epsilon', () => {
    const options = resolveOptions('test', {gamma: 1, epsilon: 0.5});
    const layers = [resolveLayer('test', {name: 'output'}, options)];
    const {denominators} = tf.tidy(() => {
      const found = onLiveTape(() => {
        const {logits} = net();
        return boundaryGeometry('test', labels, logits, {output: logits}, layers, options);
      });
      return found.output;
    });
    // The gradient at the logits is (1, -1, 0) in some order.
    expectClose(denominators.dataSync(), new Array(8).fill(Math.SQRT2 + 0.5), 1e-6);
  });
});

describe('scaleFactor', () => {
  it('is the number of units of one example for size, or the number', () => {
    expect(scaleFactor('size', tf.zeros([3, 4, 5]))).toBe(20);
    expect(scaleFactor(7, tf.zeros([3, 4]))).toBe(7);
  });
});
