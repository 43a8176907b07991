import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {avgPool3dGrad, avgPoolGrad} from '../../../../src/distance/mends/pools.js';
import {expectClose} from '../../../support/expect_close.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';

const own = (kernel: string) => (inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap) =>
  tf.engine().runKernel(kernel, inputs, attrs) as tf.Tensor;

describe('avgPoolGrad', () => {
  it('shares each gradient among the pixels of a window that lie on the picture', () => {
    const input = tf.zeros([1, 3, 3, 1]);
    const dy = tf.tensor4d([4, 2, 2, 1], [1, 2, 2, 1]);
    const attrs = {filterSize: 2, strides: 2, pad: 'same'};
    const dx = expectNoLeak(() => avgPoolGrad({dy, input}, attrs, own(tf.AvgPoolGrad)));
    // Four pixels in the first window, two in the next, one in the last; the stock kernel gives 0.5, 0.5, 0.25 there.
    expectClose(dx.dataSync(), [1, 1, 1, 1, 1, 1, 1, 1, 1], 1e-6);
    tf.dispose([input, dy, dx]);
  });

  it("is the backend's own kernel where no window reaches over the edge", () => {
    const input = tf.zeros([1, 4, 4, 1]);
    const dy = tf.ones([1, 2, 2, 1]);
    let calls = 0;
    const counted = (inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap) => {
      expect(inputs.dy).toBe(dy);
      calls++;
      return own(tf.AvgPoolGrad)(inputs, attrs);
    };
    avgPoolGrad({dy, input}, {filterSize: 2, strides: 2, pad: 'same'}, counted).dispose();
    expect(calls).toBe(1);
    tf.dispose([input, dy]);
  });
});

describe('avgPool3dGrad', () => {
  it('does the same in three directions', () => {
    const input = tf.zeros([1, 1, 1, 3, 1]);
    const dy = tf.tensor5d([2, 1], [1, 1, 1, 2, 1]);
    const attrs = {filterSize: [1, 1, 2], strides: [1, 1, 2], pad: 'same'};
    const dx = expectNoLeak(() => avgPool3dGrad({dy, input}, attrs, own(tf.AvgPool3DGrad)));
    expectClose(dx.dataSync(), [1, 1, 1], 1e-6);
    tf.dispose([input, dy, dx]);
  });
});
