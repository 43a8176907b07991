import type * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {afterAll, describe, expect, it} from 'vitest';
import {LargeMarginModel, type LargeMarginModelOptions} from '../../../plugin/index.js';
import {modelGradientError} from '../../support/model_gradients.js';
import {randomTensor} from '../../support/randoms.js';
import {labelsOf, seeded} from '../../support/tiny_models.js';

// Small, for the fewer windows there are the farther away is the next one whose maximum switches.
const pictures = randomTensor<tf.Tensor4D>([2, 5, 5, 2], 1);
const sequences = randomTensor<tf.Tensor3D>([2, 8, 2], 2);
const y = labelsOf([0, 2]);
const smooth: LargeMarginModelOptions = {
  gamma: 6,
  clip: null,
  topK: 2,
  aggregate: 'sum',
  reduceLayers: 'mean',
};

type Stack = Array<() => layers.Layer>;
const conv =
  (rest = {}) =>
  () =>
    layers.conv2d({filters: 2, kernelSize: 3, activation: 'tanh', ...rest});
const square = (poolSize: number, strides: number, padding: 'same' | 'valid' = 'valid') => ({
  poolSize,
  strides,
  padding,
});

/** Nets of the same layers, one for each seed of their weights. */
function net(first: () => layers.Layer, ...middle: Stack): (seed: number) => LayersModel {
  const isGlobal = middle.length > 0 && /Global/.test(middle[middle.length - 1]().getClassName());
  const end = () => [...(isGlobal ? [] : [layers.flatten()]), layers.dense({units: 3})];
  return seed => seeded(sequential({layers: [first(), ...middle.map(make => make()), ...end()]}), seed, 0.4);
}

const first = () =>
  layers.conv2d({filters: 2, kernelSize: 3, padding: 'same', activation: 'tanh', inputShape: [5, 5, 2]});

let worst: [number, string] = [0, ''];
function expectExact(
  name: string,
  nets: (seed: number) => LayersModel,
  x: tf.Tensor,
  options = {},
  training = false,
  bound = 1e-3,
) {
  const error = modelGradientError(seed => new LargeMarginModel(nets(seed), {...smooth, ...options}), x, y, {
    training,
  });
  if (error > worst[0]) worst = [error, name];
  expect(error).toBeLessThan(bound);
}

describe('gradients of whole convolutional nets in exact mode agree with finite differences of the loss', () => {
  afterAll(() =>
    console.log(`exact conv nets: worst relative error ${worst[0].toExponential(1)} (${worst[1]})`),
  );

  it.each<[string, Stack]>([
    ['a second convolution', [conv()]],
    ['a strided convolution', [conv({strides: 2})]],
    [
      'a strided convolution with same padding and no bias',
      [conv({strides: 2, padding: 'same', useBias: false})],
    ],
    [
      'a linear convolution, run unfused',
      [conv({activation: 'linear'}), () => layers.activation({activation: 'tanh'})],
    ],
    ['max pooling 2/2', [() => layers.maxPooling2d(square(2, 2)), conv({padding: 'same'})]],
    ['max pooling 3/2', [() => layers.maxPooling2d(square(3, 2)), conv({padding: 'same'})]],
    ['max pooling 3/2, same', [() => layers.maxPooling2d(square(3, 2, 'same')), conv({padding: 'same'})]],
    ['max pooling 3/1', [() => layers.maxPooling2d(square(3, 1)), conv({padding: 'same'})]],
    ['average pooling 2/2', [() => layers.averagePooling2d(square(2, 2)), conv({padding: 'same'})]],
    [
      'average pooling 3/2, same',
      [() => layers.averagePooling2d(square(3, 2, 'same')), conv({padding: 'same'})],
    ],
    ['global average pooling', [conv(), () => layers.globalAveragePooling2d({})]],
    ['global max pooling', [conv(), () => layers.globalMaxPooling2d({})]],
    ['zero padding', [() => layers.zeroPadding2d({padding: [1, 2]}), conv()]],
  ])('%s', (name, stack) => {
    expectExact(name, net(first, ...stack), pictures, {}, false);
  });

  it.each([true, false])('batch norm between convolution and activation (training %s)', training => {
    const nets = net(
      () => layers.conv2d({filters: 2, kernelSize: 3, useBias: false, inputShape: [5, 5, 2]}),
      () => layers.batchNormalization(),
      () => layers.activation({activation: 'tanh'}),
      () => layers.averagePooling2d(square(2, 2)),
    );
    expectExact('batch norm', nets, pictures, {}, training);
  });

  it.each(['relu', 'relu6', 'elu', 'sigmoid', 'softplus'] as const)('convolutions with %s', activation => {
    const nets = net(
      () => layers.conv2d({filters: 2, kernelSize: 3, padding: 'same', activation, inputShape: [5, 5, 2]}),
      () => layers.maxPooling2d(square(2, 2)),
      conv({activation, padding: 'same'}),
    );
    expectExact(activation, nets, pictures, {}, false);
  });

  it.each<[string, LargeMarginModelOptions]>([
    ['linf', {gamma: 6, norm: 'linf'}],
    ['probabilities in linf', {gamma: 6, norm: 'linf', scores: 'probabilities'}],
  ])('%s', (name, options) => {
    const nets = net(first, () => layers.maxPooling2d(square(2, 2)), conv({padding: 'same'}));
    expectExact(name, nets, pictures, options, false);
  });

  it.each<[string, Stack]>([
    ['max pooling over time', [() => layers.maxPooling1d({poolSize: 2, strides: 2})]],
    ['average pooling over time', [() => layers.averagePooling1d({poolSize: 2, strides: 2})]],
    ['global average pooling over time', [() => layers.globalAveragePooling1d({})]],
    ['global max pooling over time', [() => layers.globalMaxPooling1d({})]],
  ])('%s', (name, stack) => {
    const time = () => layers.conv1d({filters: 2, kernelSize: 3, activation: 'tanh', inputShape: [8, 2]});
    expectExact(name, net(time, ...stack), sequences, {}, false);
  });
});
