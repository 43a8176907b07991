import * as tf from '@tensorflow/tfjs-core';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {nativeGate} from '../../../../plugin/kernels/node/native_gate.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';

const NAME = 'NativeGateTest';
const {own, run} = nativeGate(NAME, (dy, x) => tf.mul(dy, tf.cast(tf.greater(x, 0), 'float32')));

beforeAll(() => {
  tf.registerKernel(own.kernel);
  tf.registerGradient(own.gradient);
});
afterAll(() => {
  tf.unregisterKernel(NAME, own.kernel.backendName);
  tf.unregisterGradient(NAME);
});

it('is a kernel of tfjs-node that computes as told and leaves nothing else behind', () => {
  const [x, dy] = [tf.tensor1d([1, -1, 2]), tf.tensor1d([3, 4, 5])];
  expect(own.kernel.backendName).toBe('tensorflow');
  const result = expectNoLeak(() => tf.tidy(() => run(dy, x)));
  expect(Array.from(result.dataSync())).toEqual([3, 0, 5]);
  const slope = tf.grad(dy => run(dy, x))(dy, tf.tensor1d([6, 7, 8]));
  expect(Array.from(slope.dataSync())).toEqual([6, 0, 8]);
});
