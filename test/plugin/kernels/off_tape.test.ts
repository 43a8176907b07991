import * as tf from '@tensorflow/tfjs-core';
import {expect, it} from 'vitest';
import {offTape} from '../../../plugin/kernels/off_tape.js';
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
