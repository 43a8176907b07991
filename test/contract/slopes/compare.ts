import * as tf from '@tensorflow/tfjs-core';
import {mendTape} from '../../../src/distance/mended_nodes.js';
import {randomTensor} from '../../support/randoms.js';
import {secondSlopes} from '../../support/kernel_slopes.js';
import {sortLiveTape} from '../../../src/distance/live_tape.js';
import type {SlopeCase} from './cases.js';

/**
 * The largest difference between the gradient at x and differences of the values, one number of x at a time, over the
 * largest slope.
 *
 * @param prepare Runs on the live tape between the forward pass and the walk back.
 */
export function slopeError({f, x: make, h}: SlopeCase, prepare: () => void = mendTape): number {
  return tf.tidy(() => {
    const x = make();
    const dy = randomTensor(f(x).shape, 9);
    const loss = (x: tf.Tensor) => {
      const y = f(x);
      prepare();
      return tf.sum(tf.mul(y, dy));
    };
    const claimed = Array.from(tf.grad(loss)(x).dataSync());
    const weights = Array.from(dy.dataSync());
    const at = Float32Array.from(x.dataSync());
    const measured = Array.from(at, (value, i) => {
      const values = [h, -h].map(step => {
        // A copy: cpu's tensors share the array that they are made of.
        const moved = at.slice();
        moved[i] = value + step;
        return tf.tidy(() => Array.from(f(tf.tensor(moved, x.shape)).dataSync()));
      });
      return weights.reduce((sum, w, k) => sum + (w * (values[0][k] - values[1][k])) / (2 * h), 0);
    });
    const largest = measured.reduce((most, slope) => Math.max(most, Math.abs(slope)), 1e-3);
    const differences = measured.map((slope, i) => Math.abs(slope - claimed[i]));
    const worst = differences.reduce((most, difference) => Math.max(most, difference), 0);
    return differences.every(Number.isFinite) ? worst / largest : Infinity;
  });
}

/** The same for the second derivative of f(x)^2 along one direction of length 1, by differences of the mended first one. */
export function secondSlopeError({f, x: make, h}: SlopeCase): number {
  const x = make();
  const prepare = () => {
    sortLiveTape();
    mendTape();
  };
  const g = (x: tf.Tensor) => tf.square(f(x));
  const {claimed, measured} = secondSlopes(g, x, prepare, 8 * h);
  x.dispose();
  return Math.abs(claimed - measured) / Math.max(Math.abs(measured), 1e-3);
}
