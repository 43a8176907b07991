import * as tf from '@tensorflow/tfjs-core';
import {expect, it} from 'vitest';
import {isTaped, offTape} from '../../../plugin/kernels/off_tape.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';

it('gives the same values, of which nothing depends on x', () => {
  const x = tf.tensor1d([1, 2, 3]);
  const slope = expectNoLeak(() => tf.grad(x => tf.mul(x, offTape(x)))(x));
  // d(x * constant) = constant, where d(x * x) would be 2 x.
  expect(Array.from(slope.dataSync())).toEqual([1, 2, 3]);
  tf.dispose([x, slope]);
});

it('leaves the tape as it was after a throw', () => {
  const x = tf.tensor1d([1]);
  x.dispose();
  expect(() => offTape(x)).toThrow();
  expect(tf.engine().state.kernelDepth).toBe(0);
});

it('knows whether operations are recorded', () => {
  const seen: boolean[] = [];
  const watched = (x: tf.Tensor) => {
    seen.push(isTaped());
    return tf.customGrad(x => {
      seen.push(isTaped());
      return {value: tf.square(x as tf.Tensor), gradFunc: dy => dy};
    })(x);
  };
  tf.tidy(() => tf.grad(watched)(tf.tensor1d([1])));
  // Not inside an operation with a gradient of its own.
  expect([isTaped(), ...seen]).toEqual([false, true, false]);
});
