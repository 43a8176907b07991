import {input, layers, type SymbolicTensor} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {
  activationOf,
  isActivation,
  isNormalization,
  isReshape,
  isSoftmax,
  whyNotExact,
} from '../../plugin/layer_kinds.js';
import {traceOutputs, type LayerCall} from '../../plugin/topology.js';

const callsLeadingTo = (output: SymbolicTensor) => traceOutputs([output]).calls;

type Layer = Parameters<typeof activationOf>[0];
const dense = (activation?: 'relu' | 'softmax') => layers.dense({units: 3, ...(activation && {activation})});

/** The call of a layer that takes [4, 3]. */
function callOf(layer: Layer) {
  const calls = callsLeadingTo(layer.apply(input({shape: [4, 3]})) as SymbolicTensor);
  return calls[calls.length - 1];
}

describe('activationOf', () => {
  it("is the name of the fused activation, 'linear' where there is none", () => {
    expect(activationOf(dense('relu'))).toBe('relu');
    expect(activationOf(dense())).toBe('linear');
    expect(activationOf(layers.activation({activation: 'tanh'}))).toBe('tanh');
    expect(activationOf(layers.flatten())).toBe('linear');
  });
});

describe('isSoftmax', () => {
  it.each<[string, () => Layer]>([
    ['a dense layer that ends in softmax', () => dense('softmax')],
    ['an Activation of softmax', () => layers.activation({activation: 'softmax'})],
    ['a Softmax layer over the last axis', () => layers.softmax({axis: 2})],
  ])('is true for %s', (_, make) => {
    expect(isSoftmax(callOf(make()))).toBe(true);
  });

  it.each<[string, () => Layer]>([
    ['a linear layer', () => dense()],
    ['another activation', () => layers.activation({activation: 'relu'})],
    ['a layer without activation', () => layers.reshape({targetShape: [12]})],
  ])('is false for %s', (_, make) => {
    expect(isSoftmax(callOf(make()))).toBe(false);
  });

  it('goes by the axis of a Softmax layer, which is 1 unless told otherwise', () => {
    const over = (shape: number[]) => {
      const calls = callsLeadingTo(layers.softmax().apply(input({shape})) as SymbolicTensor);
      return isSoftmax(calls[1]);
    };
    expect([over([3]), over([4, 3])]).toEqual([true, false]);
  });
});

describe('isActivation, isNormalization, isReshape', () => {
  const table: Array<[string, () => Layer, string]> = [
    ['Activation', () => layers.activation({activation: 'relu'}), 'activation'],
    ['ReLU', () => layers.reLU(), 'activation'],
    ['LeakyReLU', () => layers.leakyReLU(), 'activation'],
    ['PReLU', () => layers.prelu(), 'activation'],
    ['ELU', () => layers.elu(), 'activation'],
    ['ThresholdedReLU', () => layers.thresholdedReLU(), 'activation'],
    ['Softmax', () => layers.softmax(), 'activation'],
    ['BatchNormalization', () => layers.batchNormalization(), 'normalization'],
    ['LayerNormalization', () => layers.layerNormalization(), 'normalization'],
    ['Reshape', () => layers.reshape({targetShape: [4]}), 'reshape'],
    ['Flatten', () => layers.flatten(), 'reshape'],
    ['Dropout', () => layers.dropout({rate: 0.5}), 'reshape'],
    ['Dense', () => dense('relu'), ''],
    ['Add', () => layers.add(), ''],
    ['MaxPooling2D', () => layers.maxPooling2d({poolSize: 2}), ''],
  ];

  it.each(table)('tell what %s is', (_, make, kind) => {
    const layer = make();
    expect(isActivation(layer)).toBe(kind === 'activation');
    expect(isNormalization(layer)).toBe(kind === 'normalization');
    expect(isReshape(layer)).toBe(kind === 'reshape');
  });

  it('take a linear Activation for something that only moves numbers about', () => {
    expect(isReshape(layers.activation({activation: 'linear'}))).toBe(true);
  });
});

describe('whyNotExact', () => {
  it.each<[string, () => Layer]>([
    ['Dense', () => dense('relu')],
    ['Conv2D', () => layers.conv2d({filters: 1, kernelSize: 1, activation: 'elu'})],
    ['Conv2D with dilation 1', () => layers.conv2d({filters: 1, kernelSize: 1, dilationRate: [1, 1]})],
    ['MaxPooling2D', () => layers.maxPooling2d({poolSize: 2})],
    ['AveragePooling2D with padding', () => layers.averagePooling2d({poolSize: 3, padding: 'same'})],
    ['DepthwiseConv2D', () => layers.depthwiseConv2d({kernelSize: 2})],
    ['UpSampling2D', () => layers.upSampling2d({size: [2, 2]})],
    ['LSTM', () => layers.lstm({units: 2})],
    ['Activation selu', () => layers.activation({activation: 'selu'})],
  ])('has nothing against %s', (_, make) => {
    expect(whyNotExact(useOf(make()))).toBeUndefined();
  });

  it.each<[string, () => Layer]>([
    ['Conv3D', () => layers.conv3d({filters: 1, kernelSize: 2})],
    ['MaxPooling3D', () => layers.maxPooling3d({poolSize: 2})],
    ['Conv2D with dilation', () => layers.conv2d({filters: 1, kernelSize: 2, dilationRate: 2})],
    ['DepthwiseConv2D with dilation', () => layers.depthwiseConv2d({kernelSize: 2, dilationRate: [1, 2]})],
  ])('names what tfjs cannot differentiate twice: %s', (why, make) => {
    expect(whyNotExact(useOf(make()))).toBe(why);
  });
});

function useOf(layer: Layer): LayerCall {
  return {path: [], isInput: false, layer, inputs: [], output: {} as SymbolicTensor};
}
