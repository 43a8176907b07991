import * as tf from '@tensorflow/tfjs-core';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {gateKernel} from '../../../../plugin/kernels/node/gate_kernel.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';

const NAME = 'GateKernelTest';
const {own, run} = gateKernel(NAME, (dy, x) => tf.mul(dy, tf.cast(tf.greater(x, 0), 'float32')));
const [x, dy, g] = [tf.tensor1d([1, -1, 2]), tf.tensor1d([3, 4, 5]), tf.tensor1d([6, 7, 8])];

describe('gateKernel', () => {
  beforeAll(() => {
    tf.registerKernel(own.kernel);
    tf.registerGradient(own.gradient);
  });
  afterAll(() => {
    tf.unregisterKernel(NAME, own.kernel.backendName);
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
