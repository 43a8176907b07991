import type {Tensor} from '@tensorflow/tfjs-core';
import {
  input,
  layers,
  model as tfModel,
  sequential,
  type LayersModel,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import {randomTensor} from '../../support/randoms.js';
import {labelsOf, seeded} from '../../support/tiny_models.js';

/** A small net with the layer in question between an input and a softmax. */
export interface ExactCase {
  name: string;
  /** A net for a seed of its weights. */
  net: (seed: number) => LayersModel;
  x: () => Tensor;
  /** Training mode, for layers that behave differently in it. */
  training?: boolean;
}

type Make = () => layers.Layer;

export const labels = () => labelsOf([0, 2]);

const ending = () => layers.dense({units: 3, activation: 'softmax', name: 'scores'});
const stack = (shape: number[], make: Make[], scale: number) => (seed: number) => {
  const first = layers.inputLayer({inputShape: shape});
  return seeded(sequential({layers: [first, ...make.map(layer => layer()), ending()]}), seed, scale);
};

/** Vectors of 4, a dense layer, what is looked at, another dense layer. */
function vectors(name: string, ...middle: Make[]): ExactCase {
  const make = [() => layers.dense({units: 6, name: 'first'}), ...middle, () => layers.dense({units: 5})];
  return {name, net: stack([4], make, 0.6), x: () => randomTensor([2, 4], 1)};
}

/** The same on inputs so large that an activation reaches its bound. */
const beyond = (exactCase: ExactCase): ExactCase => ({...exactCase, x: () => randomTensor([2, 4], 1, 6)});

// Small, for the fewer windows there are the farther away is the next one whose maximum switches.
const conv: Make = () =>
  layers.conv2d({filters: 2, kernelSize: 3, padding: 'same', activation: 'tanh', name: 'first'});

/** Pictures of 5 x 6, a convolution, what is looked at, and all of it to one vector. */
function pictures(name: string, ...middle: Make[]): ExactCase {
  const make = [conv, ...middle, () => layers.flatten()];
  return {name, net: stack([5, 6, 2], make, 0.4), x: () => randomTensor([2, 5, 6, 2], 1)};
}

/** Sequences of vectors. */
function sequencesOf(length: number, name: string, ...middle: Make[]): ExactCase {
  return {name, net: stack([length, 3], middle, 0.5), x: () => randomTensor([2, length, 3], 2)};
}

const sequences = (name: string, ...middle: Make[]) => sequencesOf(5, name, ...middle);

function volumes(name: string, ...middle: Make[]): ExactCase {
  const make = [...middle, () => layers.flatten()];
  return {name, net: stack([4, 4, 4, 1], make, 0.4), x: () => randomTensor([2, 4, 4, 4, 1], 3)};
}

/** Two branches from one input, put together. */
function branches(name: string, merge: Make): ExactCase {
  const net = (seed: number) => {
    const x = input({shape: [4]});
    const apply = (layer: layers.Layer, at: SymbolicTensor | SymbolicTensor[]) =>
      layer.apply(at) as SymbolicTensor;
    const one = apply(layers.dense({units: 4, activation: 'tanh'}), x);
    const other = apply(layers.dense({units: 4, activation: 'sigmoid'}), x);
    return seeded(tfModel({inputs: x, outputs: apply(ending(), apply(merge(), [one, other]))}), seed, 0.6);
  };
  return {name, net, x: () => randomTensor([2, 4], 1)};
}

const activations =
  'relu relu6 elu selu sigmoid hardSigmoid softplus softsign tanh softmax swish mish gelu gelu_new'.split(
    ' ',
  );
const pools: Array<[number, number, 'same' | 'valid']> = [
  [2, 2, 'valid'],
  [2, 2, 'same'],
  [3, 2, 'valid'],
  [3, 2, 'same'],
  [3, 1, 'valid'],
  [3, 1, 'same'],
];
// The default, orthogonal, needs tensors' methods, which tfjs-core alone does not have; the weights are set anyway.
const recurrent = {recurrentInitializer: 'glorotUniform'} as const;
const last = {padding: 'same', activation: 'tanh', kernelSize: 3} as const;
const smooth: Make = () => layers.activation({activation: 'tanh'});

export const exactCases: ExactCase[] = [
  ...activations.map(name => vectors(name, () => layers.activation({activation: name as 'relu'}))),
  beyond(vectors('relu6 beyond 6', () => layers.activation({activation: 'relu6'}))),
  beyond(vectors('hardSigmoid beyond 2.5', () => layers.activation({activation: 'hardSigmoid'}))),
  beyond(vectors('reLU with a maximum of 6', () => layers.reLU({maxValue: 6}))),
  vectors('leakyReLU', () => layers.leakyReLU({alpha: 0.2}), smooth),
  vectors('prelu', () => layers.prelu(), smooth),
  vectors('thresholdedReLU', () => layers.thresholdedReLU({theta: 0.2}), smooth),
  ...pools.map(([poolSize, strides, padding]) =>
    pictures(`max pool ${poolSize}/${strides} ${padding}`, () =>
      layers.maxPooling2d({poolSize, strides, padding}),
    ),
  ),
  ...pools.map(([poolSize, strides, padding]) =>
    pictures(`average pool ${poolSize}/${strides} ${padding}`, () =>
      layers.averagePooling2d({poolSize, strides, padding}),
    ),
  ),
  pictures(
    'global average pool',
    () => layers.globalAveragePooling2d({}),
    () => layers.reshape({targetShape: [2, 1]}),
  ),
  pictures(
    'global max pool',
    () => layers.globalMaxPooling2d({}),
    () => layers.reshape({targetShape: [2, 1]}),
  ),
  pictures('convolution', () => layers.conv2d({filters: 2, ...last})),
  pictures('strided convolution', () => layers.conv2d({filters: 2, ...last, strides: 2})),
  pictures('depthwise convolution', () => layers.depthwiseConv2d({...last, depthMultiplier: 2})),
  pictures('strided depthwise convolution', () => layers.depthwiseConv2d({...last, strides: 2})),
  pictures('separable convolution', () => layers.separableConv2d({filters: 2, ...last})),
  pictures('transposed convolution', () => layers.conv2dTranspose({filters: 2, ...last, strides: 2})),
  pictures('dilated convolution', () =>
    layers.conv2d({filters: 2, ...last, dilationRate: 2, name: 'dilated'}),
  ),
  pictures('upsampling nearest', () => layers.upSampling2d({size: [2, 2]}), smooth),
  pictures(
    'upsampling bilinear',
    () => layers.upSampling2d({size: [2, 2], interpolation: 'bilinear'}),
    smooth,
  ),
  {...pictures('batch norm in training', () => layers.batchNormalization(), smooth), training: true},
  pictures('batch norm', () => layers.batchNormalization(), smooth),
  {...vectors('dense batch norm in training', () => layers.batchNormalization(), smooth), training: true},
  pictures('layer norm', () => layers.layerNormalization(), smooth),
  {...vectors('dropout in training', () => layers.dropout({rate: 0.4, seed: 3}), smooth), training: true},
  pictures(
    'zero padding',
    () => layers.zeroPadding2d({padding: [1, 2]}),
    () => layers.conv2d({filters: 2, ...last}),
  ),
  pictures('cropping', () => layers.cropping2D({cropping: [[1, 1], [0, 2]]}), smooth), // prettier-ignore
  pictures(
    'permute, reshape',
    () => layers.permute({dims: [3, 1, 2]}),
    () => layers.reshape({targetShape: [10, 6]}),
    smooth,
  ),
  sequences('lstm', () => layers.lstm({...recurrent, units: 4})),
  sequences('gru', () => layers.gru({...recurrent, units: 4})),
  sequences('simple rnn', () => layers.simpleRNN({...recurrent, units: 4})),
  sequences(
    'stacked rnn',
    () => layers.simpleRNN({...recurrent, units: 4, returnSequences: true}),
    () => layers.gru({...recurrent, units: 3}),
  ),
  sequences('bidirectional lstm', () =>
    layers.bidirectional({layer: layers.lstm({...recurrent, units: 3}) as never, mergeMode: 'concat'}),
  ),
  sequences(
    'time distributed dense',
    () => layers.timeDistributed({layer: layers.dense({units: 3, activation: 'tanh'})}),
    () => layers.flatten(),
  ),
  sequencesOf(
    1,
    'rnn of one step',
    () => layers.simpleRNN({...recurrent, units: 4, returnSequences: true}),
    () => layers.flatten(),
  ),
  sequences(
    'convolution 1d, max pool 1d',
    () => layers.conv1d({filters: 3, ...last}),
    () => layers.maxPooling1d({poolSize: 2}),
    () => layers.flatten(),
  ),
  sequences(
    'convolution 1d, average pool 1d',
    () => layers.conv1d({filters: 3, ...last}),
    () => layers.averagePooling1d({poolSize: 2, padding: 'same'}),
    () => layers.flatten(),
  ),
  sequences(
    'convolution 1d, global average pool 1d',
    () => layers.conv1d({filters: 3, ...last}),
    () => layers.globalAveragePooling1d({}),
  ),
  sequences(
    'convolution 1d, global max pool 1d',
    () => layers.conv1d({filters: 3, ...last}),
    () => layers.globalMaxPooling1d({}),
  ),
  sequences('lstm with hard sigmoid gates', () =>
    layers.lstm({...recurrent, units: 4, recurrentActivation: 'hardSigmoid'}),
  ),
  sequences('rnn of stacked cells', () =>
    layers.rnn({cell: [layers.lstmCell({...recurrent, units: 3}), layers.gruCell({...recurrent, units: 4})]}),
  ),
  sequences(
    'masking, lstm',
    () => layers.masking({maskValue: 0}),
    () => layers.lstm({...recurrent, units: 4}),
  ),
  {
    ...sequences(
      'spatial dropout 1d in training',
      () => layers.spatialDropout1d({rate: 0.4, seed: 3}),
      () => layers.lstm({...recurrent, units: 3}),
    ),
    training: true,
  },
  vectors(
    'repeat vector, gru',
    () => layers.repeatVector({n: 3}),
    () => layers.gru({...recurrent, units: 4, returnSequences: true}),
    () => layers.flatten(),
  ),
  vectors('elu layer', () => layers.elu({alpha: 1})),
  vectors('softmax layer', () => layers.softmax(), smooth),
  pictures('softmax layer over channels', () => layers.softmax({axis: -1})),
  pictures('average pool 2d over time', () =>
    layers.timeDistributed({layer: layers.averagePooling1d({poolSize: 2})}),
  ),
  pictures(
    'convolutional lstm',
    () => layers.reshape({targetShape: [2, 5, 3, 2]}),
    () => layers.convLstm2d({...recurrent, filters: 2, kernelSize: 2}),
  ),
  pictures('rescaling', () => layers.rescaling({scale: 0.5, offset: 0.1}), smooth),
  pictures('centre crop', () => layers.centerCrop({height: 3, width: 4, name: 'crop'}), smooth),
  branches('add', () => layers.add()),
  branches('multiply', () => layers.multiply()),
  branches('maximum', () => layers.maximum()),
  branches('minimum', () => layers.minimum()),
  branches('average', () => layers.average()),
  branches('concatenate', () => layers.concatenate()),
  branches('dot', () => layers.dot({axes: 1})),
  volumes('average pool 3d', () => layers.averagePooling3d({poolSize: 2, padding: 'same'}), smooth),
  volumes('convolution 3d', () =>
    layers.conv3d({filters: 2, kernelSize: 2, activation: 'tanh', name: 'conv3d'}),
  ),
  volumes('transposed convolution 3d', () =>
    layers.conv3dTranspose({filters: 2, kernelSize: 2, name: 'conv3d'}),
  ),
  volumes('max pool 3d', () => layers.maxPooling3d({poolSize: 2, name: 'pool3d'})),
];
