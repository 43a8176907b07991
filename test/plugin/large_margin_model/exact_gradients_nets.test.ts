import type * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel, type LargeMarginModelOptions} from '../../../plugin/index.js';
import {modelGradientError} from '../../support/model_gradients.js';
import {randomTensor} from '../../support/randoms.js';
import {labelsOf, seeded} from '../../support/tiny_models.js';

const smooth: LargeMarginModelOptions = {
  gamma: 6,
  clip: null,
  topK: 2,
  aggregate: 'sum',
  reduceLayers: 'mean',
};

const relu6 = () => layers.reLU({maxValue: 6});

/** The first layers of a MobileNet and its head, as small as finite differences need them. */
function mobileNet(seed: number): LayersModel {
  const normalized = (conv: layers.Layer) => [conv, layers.batchNormalization(), relu6()];
  const pointwise = (filters: number) =>
    layers.conv2d({filters, kernelSize: 1, padding: 'same', useBias: false});
  const depthwise = (strides: number) =>
    layers.depthwiseConv2d({kernelSize: 3, strides, padding: 'same', useBias: false});
  const stem = {filters: 3, kernelSize: 3, strides: 2, padding: 'same', useBias: false} as const;
  const net = sequential({
    layers: [
      ...normalized(layers.conv2d({...stem, inputShape: [8, 8, 2]})),
      ...normalized(depthwise(1)),
      ...normalized(pointwise(4)),
      ...normalized(depthwise(2)),
      ...normalized(pointwise(4)),
      layers.globalAveragePooling2d({}),
      layers.reshape({targetShape: [1, 1, 4]}),
      layers.dropout({rate: 0.001, seed: 1}),
      layers.conv2d({filters: 3, kernelSize: 1, padding: 'same'}),
      layers.activation({activation: 'softmax'}),
      layers.reshape({targetShape: [3]}),
    ],
  });
  return seeded(net, seed, 0.7);
}

/**
 * The net of the paper's MNIST experiments with fewer pixels and channels: two convolutions with pools, dense, ten
 * classes. In the full net a relu or a maximum switches within any step that float32 can resolve.
 */
function paperNet(seed: number): LayersModel {
  const conv = (filters: number, rest = {}) =>
    layers.conv2d({filters, kernelSize: 5, padding: 'same', activation: 'relu', ...rest});
  const net = sequential({
    layers: [
      conv(3, {inputShape: [8, 8, 1]}),
      layers.maxPooling2d({poolSize: 2}),
      conv(4),
      layers.maxPooling2d({poolSize: 2}),
      layers.flatten(),
      layers.dense({units: 12, activation: 'relu'}),
      layers.dense({units: 10, activation: 'softmax'}),
    ],
  });
  return seeded(net, seed, 0.3);
}

describe('gradients of whole nets in exact mode agree with finite differences of the loss', () => {
  it.each([true, false])('the blocks of a MobileNet (training %s)', training => {
    const x = randomTensor<tf.Tensor4D>([2, 8, 8, 2], 1);
    const make = (seed: number) => new LargeMarginModel(mobileNet(seed), smooth);
    const error = modelGradientError(make, x, labelsOf([0, 2]), {training, largest: 0.02});
    console.log(`blocks of a MobileNet, training ${training}: error ${error.toExponential(1)}`);
    expect(error).toBeLessThan(1e-3);
    x.dispose();
  });

  it("the paper's convolutional net, at the input and three hidden layers", () => {
    const x = randomTensor<tf.Tensor4D>([2, 8, 8, 1], 1);
    const make = (seed: number) => new LargeMarginModel(paperNet(seed), smooth);
    const error = modelGradientError(make, x, labelsOf([3, 7], 10), {largest: 0.02});
    console.log(`the paper's net: error ${error.toExponential(1)}`);
    expect(error).toBeLessThan(1e-3);
    x.dispose();
  });
});
