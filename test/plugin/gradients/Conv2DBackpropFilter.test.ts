import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import '../../../plugin/gradients/index.js';
import {conv2DBackpropFilterGradConfig} from '../../../plugin/gradients/Conv2DBackpropFilter.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';
import {kernelSlopes, secondSlopes} from '../../support/kernel_slopes.js';
import {randomTensor} from '../../support/randoms.js';
import {convolutions, type Convolution} from '../../support/windows.js';

function setUp([size, kernel, strides, pad]: Convolution) {
  const filterShape: [number, number, number, number] = [...kernel, 2, 3];
  const x = randomTensor<tf.Tensor4D>([2, ...size, 2], 1);
  const filter = randomTensor<tf.Tensor4D>(filterShape, 2);
  const dy = tf.tidy(() => randomTensor<tf.Tensor4D>(tf.conv2d(x, filter, strides, pad).shape, 3));
  return {x, dy, filter, attrs: {strides, pad, dataFormat: 'NHWC', filterShape}};
}

describe('the gradient of Conv2DBackpropFilter', () => {
  it('is the one that is registered', () => {
    expect(tf.getGradient(tf.Conv2DBackpropFilter)).toBe(conv2DBackpropFilterGradConfig);
  });

  it.each(convolutions)('agrees with finite differences: picture %s, window %s, stride %s, %s', (...conv) => {
    const {x, dy, filter, attrs} = setUp(conv);
    for (const of of ['x', 'dy']) {
      // Linear in each: any step is small.
      const {claimed, measured} = kernelSlopes(tf.Conv2DBackpropFilter, {x, dy}, attrs, of, 4);
      expectClose([claimed], [measured], 2e-5);
    }
    tf.dispose([x, dy, filter]);
  });

  it('makes the second derivative for a filter right', () => {
    const {x, dy, filter} = setUp([[5, 6], [3, 2], [1, 2], 'same']);
    const f = (filter: tf.Tensor) => tf.square(tf.conv2d(x, filter as tf.Tensor4D, [1, 2], 'same'));
    const {claimed, measured} = secondSlopes(f, filter);
    expectClose([claimed], [measured], 2e-4);
    tf.dispose([x, dy, filter]);
  });

  it('leaves no tensor behind', () => {
    const {x, dy, filter, attrs} = setUp(convolutions[0]);
    const run = (x: tf.Tensor, dy: tf.Tensor) =>
      tf.engine().runKernel(tf.Conv2DBackpropFilter, {x, dy}, attrs as never) as tf.Tensor;
    tf.dispose(expectNoLeak(() => tf.grads(run)([x, dy])));
    tf.dispose([x, dy, filter]);
  });
});
