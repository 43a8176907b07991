import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import {unfusedCall} from '../../plugin/unfused.js';
import {expectClose} from '../support/expect_close.js';
import {expectNoLeak} from '../support/expect_no_leak.js';
import {labelsOf, seeded} from '../support/tiny_models.js';

const linear = {
  dense: [layers.dense({units: 3}), [5, 4]],
  'dense without bias': [layers.dense({units: 3, useBias: false}), [5, 4]],
  conv: [layers.conv2d({filters: 3, kernelSize: 3, padding: 'same'}), [2, 6, 6, 2]],
  'strided conv': [
    layers.conv2d({filters: 3, kernelSize: [3, 2], strides: [2, 1], useBias: false}),
    [2, 7, 6, 2],
  ],
  'dense tanh': [layers.dense({units: 3, activation: 'tanh'}), [5, 4]],
  'dense softmax': [layers.dense({units: 3, activation: 'softmax'}), [5, 4]],
  'sigmoid conv': [layers.conv2d({filters: 3, kernelSize: 3, activation: 'sigmoid'}), [2, 6, 6, 2]],
  'swish conv': [layers.conv2d({filters: 3, kernelSize: 3, activation: 'swish'}), [2, 6, 6, 2]],
  'dilated conv': [layers.conv2d({filters: 2, kernelSize: 3, dilationRate: 2}), [2, 7, 7, 1]],
} as const;

describe('dense layers and convolutions, unfused', () => {
  it.each(Object.entries(linear))('%s gives what the layer gives', (_, [layer, shape]) => {
    const x = tf.randomUniform([...shape], -1, 1, 'float32', 3);
    const expected = layer.apply(x) as tf.Tensor;
    const actual = expectNoLeak(() => unfusedCall(layer)!(x)!);
    expect(actual.shape).toEqual(expected.shape);
    expectClose(actual.dataSync(), expected.dataSync(), 1e-6);
  });

  it('leaves all others to tfjs: relu and elu, other kinds, sequences', () => {
    expect(unfusedCall(layers.dense({units: 2, activation: 'relu'}))).toBeUndefined();
    expect(unfusedCall(layers.conv1d({filters: 2, kernelSize: 2}))).toBeUndefined();
    const dense = layers.dense({units: 2});
    const sequence = tf.ones([1, 3, 2]);
    dense.apply(sequence);
    expect(unfusedCall(dense)!(sequence)).toBeUndefined();
  });

  it.each<[string, () => Parameters<typeof unfusedCall>[0]]>([
    ['channels first', () => layers.conv2d({filters: 2, kernelSize: 2, dataFormat: 'channelsFirst'})],
    ['a convolution with relu', () => layers.conv2d({filters: 2, kernelSize: 2, activation: 'relu'})],
    ['a dense layer with elu', () => layers.dense({units: 2, activation: 'elu'})],
    ['a depthwise convolution', () => layers.depthwiseConv2d({kernelSize: 2})],
    ['a transposed convolution', () => layers.conv2dTranspose({filters: 2, kernelSize: 2})],
    ['a layer without weights', () => layers.flatten()],
  ])('leaves %s to tfjs', (_, make) => {
    expect(unfusedCall(make())).toBeUndefined();
  });

  it("leaves a subclass's own call alone, and tfjs's numbering of layers too", () => {
    class Doubled extends (Object.getPrototypeOf(layers.dense({units: 1}))
      .constructor as typeof layers.Layer) {
      override call(inputs: tf.Tensor | tf.Tensor[], kwargs: never) {
        return tf.mul(super.call(inputs, kwargs) as tf.Tensor, 2);
      }
    }
    const number = (name: string) => Number(name.match(/\d+$/)![0]);
    const before = number(layers.dense({units: 2}).name);
    expect(unfusedCall(new Doubled({units: 2} as never))).toBeUndefined();
    expect(unfusedCall(layers.dense({units: 2}))).toBeDefined();
    expect(number(layers.dense({units: 2}).name)).toBeLessThanOrEqual(before + 3);
  });

  it('spares a first-order margin the gradients of weights: one filter gradient a step, as in cross-entropy', async () => {
    const conv = (name: string, rest = {}) => layers.conv2d({filters: 3, kernelSize: 3, name, ...rest});
    const net = sequential({
      layers: [
        ...[conv('a', {inputShape: [8, 8, 1]}), layers.batchNormalization(), layers.reLU()],
        ...[conv('b'), layers.flatten(), layers.dense({units: 3})],
      ],
    });
    const model = new LargeMarginModel(seeded(net), {gamma: 1, gradient: 'firstOrder'});
    const [x, y] = [tf.ones([3, 8, 8, 1]), labelsOf([0, 1, 2])];
    const {kernelNames, kernels} = await tf.profile(
      () => tf.variableGrads(() => model.computeLoss(x, y).loss).value,
    );
    expect(kernelNames).toContain('Conv2DBackpropInput');
    expect(kernels.filter(({name}) => name === 'Conv2DBackpropFilter')).toHaveLength(2);
  });
});
