import * as tf from '@tensorflow/tfjs-core';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {gateKernel} from '../../../plugin/kernels/gate_kernel.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';

const NAME = 'GateKernelTest';
const {run, gradient} = gateKernel(NAME);
const kernel: tf.KernelConfig = {
  kernelName: NAME,
  backendName: tf.getBackend(),
  kernelFunc: ({inputs: {dy, x}}) =>
    tf.tidy(() => tf.mul(dy as tf.Tensor, tf.cast(tf.greater(x as tf.Tensor, 0), 'float32'))),
};
const [x, dy, g] = [tf.tensor1d([1, -1, 2]), tf.tensor1d([3, 4, 5]), tf.tensor1d([6, 7, 8])];

describe('gateKernel', () => {
  beforeAll(() => {
    tf.registerKernel(kernel);
    tf.registerGradient(gradient);
  });
  afterAll(() => {
    tf.unregisterKernel(NAME, kernel.backendName);
    tf.unregisterGradient(NAME);
  });

  it('lets dy through as x says', () => {
    expect(Array.from(run(dy, x).dataSync())).toEqual([3, 0, 5]);
  });

  it('has the gate itself for the slope of dy, and none for x', () => {
    expect(
      Array.from(
        tf
          .grad(dy => run(dy, x))(dy, g)
          .dataSync(),
      ),
    ).toEqual([6, 0, 8]);
    // Only the factor beside it has a slope for x.
    const ofX = tf.grad(x => tf.mul(run(dy, x), x))(x, g);
    expect(Array.from(ofX.dataSync())).toEqual([18, 0, 40]);
  });

  it('leaves no tensor behind, in a tidy as all gradients run', () => {
    expectNoLeak(() => tf.tidy(() => run(dy, x)));
    expectNoLeak(() => tf.grad(dy => run(dy, x))(dy, g));
  });
});
