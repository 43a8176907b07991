import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import '../../../plugin/gradients/index.js';
import {eluGradGradConfig} from '../../../plugin/gradients/EluGrad.js';
import {sortLiveTape} from '../../../src/distance/live_tape.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';
import {kernelSlopes, secondSlopes} from '../../support/kernel_slopes.js';

// Outputs of elu, away from its kink at 0.
const y = tf.tensor1d([-0.9, -0.5, -0.1, 0.2, 1.5, 7]);
const dy = tf.tensor1d([0.7, -1.2, 1.5, -0.8, 0.4, 2]);

describe('the gradient of EluGrad', () => {
  it('is the one that is registered', () => {
    expect(tf.getGradient(tf.EluGrad)).toBe(eluGradGradConfig);
  });

  it.each(['dy', 'y'])('agrees with finite differences of EluGrad for %s', input => {
    const {claimed, measured} = kernelSlopes(tf.EluGrad, {dy, y}, {}, input, 0.02);
    expectClose([claimed], [measured], 1e-4);
  });

  it('is g (y + 1) or g for dy, and g dy or 0 for y', () => {
    const slopes = tf.tidy(() => {
      const run = (dy: tf.Tensor, y: tf.Tensor) => tf.engine().runKernel(tf.EluGrad, {dy, y}) as tf.Tensor;
      const grads = tf.grads(run)([tf.tensor1d([2, 3]), tf.tensor1d([-0.5, 4])], tf.tensor1d([10, 100]));
      return grads.map(t => Array.from(t.dataSync()));
    });
    // 10 (-0.5 + 1), 100; 10 x 2, 0.
    expect(slopes).toEqual([
      [5, 100],
      [20, 0],
    ]);
  });

  it('gives elu a second derivative that agrees with finite differences of the first', () => {
    const x = tf.tensor1d([-2, -1, -0.4, 0.5, 1, 3]);
    const {claimed, measured} = secondSlopes(x => tf.square(tf.elu(x)), x, sortLiveTape, 0.04);
    expectClose([claimed], [measured], 2e-4);
    x.dispose();
  });

  it('leaves no tensor behind', () => {
    const run = (dy: tf.Tensor, y: tf.Tensor) => tf.engine().runKernel(tf.EluGrad, {dy, y}) as tf.Tensor;
    tf.dispose(expectNoLeak(() => tf.grads(run)([dy, y])));
  });
});
