import type {Tensor} from '@tensorflow/tfjs-core';
import {input, layers, model as tfModel, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {LargeMarginModel} from '../../../plugin/large_margin_model.js';
import {marginRegularizer} from '../../../plugin/margin_regularizer.js';
import {toPlainModel} from '../../../plugin/plain_model.js';
import {randomTensor} from '../../support/randoms.js';
import {apply, dense, seeded} from '../../support/tiny_models.js';

/** A net as it is saved for Python, and inputs for it. */
export interface Keras2Case {
  name: string;
  model: () => LayersModel;
  x: () => Tensor;
}

const relu = (name: string) => layers.activation({activation: 'relu', name});
const softmax = {activation: 'softmax'} as const;

/** The order of the paper's MNIST net, on pictures of 8 x 8: two convolutions with pools, two dense layers. */
function cnn(marks = false): LayersModel {
  const mark = (name: string) => (marks ? [marginRegularizer({name, gamma: 0.5, norm: Infinity})] : []);
  const conv = (name: string, filters: number, rest: object = {}) =>
    layers.conv2d({filters, kernelSize: 3, padding: 'same', name, ...rest});
  return seeded(
    sequential({
      name: marks ? 'Marked_CNN' : 'MNIST_like_CNN',
      layers: [
        conv('Conv_1', 3, {inputShape: [8, 8, 1]}),
        layers.batchNormalization({name: 'bn_1'}),
        relu('relu_1'),
        ...mark('Margin_1'),
        layers.maxPooling2d({poolSize: 2, strides: 2, name: 'pool_1'}),
        conv('convB', 4),
        relu('relu_2'),
        ...mark('Margin_2'),
        layers.averagePooling2d({poolSize: 2, strides: 2, name: 'pool_2'}),
        layers.flatten({name: 'flat'}),
        dense('Hidden', 6, {activation: 'elu'}),
        layers.dropout({rate: 0.4, name: 'drop'}),
        dense('scores', 5, softmax),
      ],
    }),
    2,
    0.4,
  );
}

/** A nested Sequential that is used twice, a nested functional model, a layer used twice, and branches. */
function graph(marks = false): LayersModel {
  const mark = (name: string) => (marks ? [marginRegularizer({name, weight: 0.5, trainable: false})] : []);
  const at = input({shape: [4], name: 'Points'});
  const block = sequential({
    name: 'Block_A',
    layers: [
      dense('i_1', 4, {inputShape: [4], activation: 'tanh'}),
      ...mark('In_Block'),
      dense('i_2', 4, {trainable: false}),
    ],
  });
  const inside = input({shape: [4], name: 'Inside'});
  const gate = layers.multiply({name: 'gate'});
  const inner = tfModel({
    name: 'inner/Model',
    inputs: inside,
    outputs: apply(gate, [inside, apply(dense('G1', 4, {activation: 'sigmoid'}), inside)]),
  });
  const shared = dense('Shared_Dense', 4, {activation: 'relu'});
  const once = apply(shared, apply(block, at));
  const marked = mark('After_Shared').reduce((to, layer) => apply(layer, to), once);
  const twice = apply(shared, apply(inner, marked));
  const joined = apply(layers.concatenate({name: 'join'}), [marked, twice, apply(block, twice)]);
  const outputs = apply(dense('scores', 3, softmax), joined);
  return seeded(tfModel({name: marks ? 'Marked_Graph' : 'Graph_Net', inputs: at, outputs}), 3);
}

const pictures = () => randomTensor([3, 8, 8, 1], 11);
const points = () => randomTensor([4, 4], 12);

export const keras2Cases: Keras2Case[] = [
  {
    name: 'sequential_base',
    model: () => new LargeMarginModel(cnn(), {gamma: 1, layers: ['input', 'relu_1']}).baseModel,
    x: pictures,
  },
  {
    name: 'graph_base',
    model: () => new LargeMarginModel(graph(), {gamma: 1, layers: ['Shared_Dense']}).baseModel,
    x: points,
  },
  {name: 'sequential_plain', model: () => toPlainModel(cnn(true)), x: pictures},
  {
    name: 'graph_plain',
    model: () => toPlainModel(new LargeMarginModel(graph(true), {gamma: 1, layers: ['input']})),
    x: points,
  },
];
