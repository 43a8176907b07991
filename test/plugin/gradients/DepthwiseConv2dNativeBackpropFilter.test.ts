import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import '../../../plugin/gradients/index.js';
import {depthwiseConv2dNativeBackpropFilterGradConfig} from '../../../plugin/gradients/DepthwiseConv2dNativeBackpropFilter.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';
import {kernelSlopes, secondSlopes} from '../../support/kernel_slopes.js';
import {randomTensor} from '../../support/randoms.js';
import {convolutions, type Convolution} from '../../support/windows.js';

// A depthwise convolution of tfjs takes one stride for both directions.
function setUp([size, kernel, strides, pad]: Convolution) {
  const [inputShape, filterShape] = [[2, ...size, 2] as const, [...kernel, 2, 2] as const];
  const x = randomTensor<tf.Tensor4D>([...inputShape], 1);
  const filter = randomTensor<tf.Tensor4D>([...filterShape], 2);
  const dy = tf.tidy(() => randomTensor<tf.Tensor4D>(tf.depthwiseConv2d(x, filter, strides, pad).shape, 3));
  const shape = {filterShape};
  return {x, filter, inputs: {x, dy}, attrs: {strides, pad, dilations: [1, 1], ...shape}};
}

describe('the gradient of DepthwiseConv2dNativeBackpropFilter', () => {
  it('is the one that is registered', () => {
    expect(tf.getGradient(tf.DepthwiseConv2dNativeBackpropFilter)).toBe(
      depthwiseConv2dNativeBackpropFilterGradConfig,
    );
  });

  it.each(convolutions)('agrees with finite differences: picture %s, window %s, stride %s, %s', (...conv) => {
    const {x, filter, inputs, attrs} = setUp(conv);
    for (const of of Object.keys(inputs)) {
      // Linear in each: any step is small.
      const {claimed, measured} = kernelSlopes(
        tf.DepthwiseConv2dNativeBackpropFilter,
        inputs,
        attrs as never,
        of,
        4,
      );
      expectClose([claimed], [measured], 2e-5);
    }
    tf.dispose([x, filter, inputs]);
  });

  it.each(convolutions)(
    'makes a second derivative right: picture %s, window %s, stride %s, %s',
    (...conv) => {
      const {x, filter, inputs} = setUp(conv);
      const [, , strides, pad] = conv;
      const f = (filter: tf.Tensor) => tf.square(tf.depthwiseConv2d(x, filter as tf.Tensor4D, strides, pad));
      const {claimed, measured} = secondSlopes(f, filter);
      expectClose([claimed], [measured], 5e-4);
      tf.dispose([x, filter, inputs]);
    },
  );

  it('leaves no tensor behind', () => {
    const {x, filter, inputs, attrs} = setUp(convolutions[0]);
    const run = (...of: tf.Tensor[]) => {
      const named = Object.fromEntries(Object.keys(inputs).map((name, i) => [name, of[i]]));
      return tf
        .engine()
        .runKernel(tf.DepthwiseConv2dNativeBackpropFilter, named, attrs as never) as tf.Tensor;
    };
    tf.dispose(expectNoLeak(() => tf.grads(run)(Object.values(inputs))));
    tf.dispose([x, filter, inputs]);
  });
});
