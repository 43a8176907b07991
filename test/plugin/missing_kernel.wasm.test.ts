import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import {explainMissingKernel} from '../../plugin/missing_kernel.js';
import {expectNoLeakAsync} from '../support/expect_no_leak.js';

// Nothing here imports our kernels: this is the wasm backend as tfjs has it.
describe('a kernel that tfjs lacks on wasm', () => {
  it.each([
    ['Conv2DBackpropFilter', () => layers.conv2d({filters: 2, kernelSize: 2, inputShape: [4, 4, 1]})],
    [
      'DepthwiseConv2dNativeBackpropInput',
      () => layers.depthwiseConv2d({kernelSize: 2, inputShape: [4, 4, 1]}),
    ],
  ])('is named, %s, with where it is to be had', async (name, layer) => {
    expect(tf.getBackend()).toBe('wasm');
    const base = sequential({layers: [layer(), layers.flatten(), layers.dense({units: 3})]});
    const model = new LargeMarginModel(base, {gamma: 1, layers: ['input']});
    model.compile({optimizer: 'sgd', loss: 'categoricalCrossentropy'});
    const [x, y] = [tf.ones([2, 4, 4, 1]), tf.oneHot([0, 1], 3)];
    await expectNoLeakAsync(async () => {
      const message = await model.trainOnBatch(x, y).then(
        () => 'trained',
        (error: Error) => error.message,
      );
      expect(message).toMatch(
        new RegExp(`^Kernel '${name}' not registered for backend 'wasm': import 'tfjs-large-margin/wasm'`),
      );
    });
    tf.dispose([x, y]);
    model.dispose();
  });

  it('is not confused with other errors, and named once', () => {
    const error = new Error("Kernel 'Conv2DBackpropFilter' not registered for backend 'wasm'");
    explainMissingKernel(error);
    const {message} = error;
    explainMissingKernel(error);
    expect(error.message).toBe(message);
    for (const text of ["Kernel 'Multinomial' not registered for backend 'wasm'", 'something else']) {
      const other = new Error(text);
      explainMissingKernel(other);
      expect(other.message).toBe(text);
    }
    expect(() => explainMissingKernel('no error')).not.toThrow();
  });
});
