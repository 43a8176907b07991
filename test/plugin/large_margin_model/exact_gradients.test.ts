import type * as tf from '@tensorflow/tfjs-core';
import {input, layers, model as tfModel, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {afterAll, describe, expect, it} from 'vitest';
import {LargeMarginModel, type LargeMarginModelOptions} from '../../../plugin/index.js';
import {modelGradientError} from '../../support/model_gradients.js';
import {randomTensor} from '../../support/randoms.js';
import {apply, labelsOf, seeded} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([4, 4], 1);
const y = labelsOf([0, 1, 2, 1]);
// Smooth in the weights but for the activations: all rivals, added up, and no cap; the mean over layers keeps float32's steps small.
const smooth: LargeMarginModelOptions = {
  gamma: 4,
  clip: null,
  topK: 2,
  aggregate: 'sum',
  reduceLayers: 'mean',
};

type Stack = Array<() => layers.Layer>;
const dense =
  (units: number, rest = {}) =>
  () =>
    layers.dense({units, ...rest});

type Nets = (seed: number) => LayersModel;

/** Nets of the same layers, one for each seed of their weights. */
function net(...middle: Stack): Nets {
  const first = () => layers.dense({units: 6, inputShape: [4]});
  const stack = () => [first(), ...middle.map(make => make()), layers.dense({units: 3})];
  return seed => seeded(sequential({layers: stack()}), seed);
}

let worst: [number, string] = [0, ''];
type Rest = Parameters<typeof modelGradientError>[3] & {name: string; bound?: number};

function expectExact(nets: Nets, options: Partial<LargeMarginModelOptions>, rest: Rest) {
  const make = (seed: number) => new LargeMarginModel(nets(seed), {...smooth, ...options});
  const error = modelGradientError(make, x, y, rest);
  if (error > worst[0]) worst = [error, rest.name];
  expect(error).toBeLessThan(rest.bound ?? 1e-3);
}

describe('gradients of whole dense nets in exact mode agree with finite differences of the loss', () => {
  afterAll(() =>
    console.log(`exact dense nets: worst relative error ${worst[0].toExponential(1)} (${worst[1]})`),
  );

  const activations = ['relu', 'relu6', 'elu', 'tanh', 'sigmoid', 'softplus', 'softmax', 'linear'] as const;
  it.each(activations)('dense layers with %s', activation => {
    const base = net(...[dense(6, {activation}), dense(5, {activation})]);
    expectExact(base, {}, {name: activation});
  });

  it.each<[string, Stack]>([
    ['Activation tanh', [() => layers.activation({activation: 'tanh'}), dense(5)]],
    ['ReLU', [() => layers.reLU(), dense(5, {activation: 'tanh'})]],
    ['LeakyReLU', [() => layers.leakyReLU({alpha: 0.2}), dense(5, {activation: 'tanh'})]],
    ['ELU', [() => layers.elu(), dense(5), () => layers.elu()]],
    ['Softmax', [() => layers.softmax(), dense(5, {activation: 'tanh'})]],
    [
      'dropout with one mask a forward pass',
      [() => layers.dropout({rate: 0.4, seed: 3}), dense(5, {activation: 'tanh'})],
    ],
    [
      'reshape and flatten',
      [() => layers.reshape({targetShape: [2, 3]}), () => layers.flatten(), dense(5, {activation: 'tanh'})],
    ],
  ])('%s', (name, stack) => {
    for (const training of [true, false]) expectExact(net(...stack), {}, {name, training});
  });

  it.each([true, false])('batch norm (training %s)', training => {
    const base = net(
      () => layers.batchNormalization(),
      () => layers.activation({activation: 'tanh'}),
      dense(5),
      () => layers.batchNormalization(),
    );
    expectExact(base, {layers: ['input', 'hidden', 'output']}, {name: 'batch norm', training});
  });

  it('branches that add up, with a shared layer', () => {
    const nets = (seed: number) => {
      const at = input({shape: [4]});
      const shared = layers.dense({units: 4, activation: 'tanh'});
      const once = apply(shared, at);
      const other = apply(layers.dense({units: 4, activation: 'sigmoid'}), at);
      const sum = apply(layers.add(), [once, apply(shared, once), other]);
      return seeded(tfModel({inputs: at, outputs: apply(layers.dense({units: 3}), sum)}), seed);
    };
    expectExact(nets, {layers: 'input'}, {name: 'add'});
  });

  it.each<[string, Partial<LargeMarginModelOptions>]>([
    ['l1', {norm: 'l1'}],
    ['linf', {norm: 'linf'}],
    ['p = 3', {norm: 3}],
    ['p = 1.5, scale size', {norm: 1.5, scale: 'size'}],
    ['probabilities', {scores: 'probabilities'}],
    ['the sum over layers, weights', {reduceLayers: 'sum', marginWeight: 3, crossEntropyWeight: 0.5}],
    ['a cap, the strongest rival', {topK: 1, clip: 4, gamma: 2, aggregate: 'max'}],
    ['the larger of two rivals', {aggregate: 'max'}],
    [
      'layers with settings',
      {
        layers: [
          {name: 'input', gamma: 9, weight: 0.3},
          {name: 'output', norm: 'linf'},
        ],
      },
    ],
  ])('%s', (name, options) => {
    expectExact(net(dense(6, {activation: 'tanh'})), options, {name});
  });

  it('a net that ends in softmax, measured at its true logits', () => {
    const nets = (seed: number) => {
      const base = net(dense(6, {activation: 'tanh'}), dense(6))(seed);
      return sequential({layers: [...base.layers, layers.softmax()]});
    };
    expectExact(nets, {}, {name: 'softmax ending'});
  });

  it('regularizers', () => {
    const regularized = {kernelRegularizer: 'l1l2', biasRegularizer: 'l1l2', activation: 'tanh'} as const;
    expectExact(net(dense(6, regularized)), {}, {name: 'regularizers'});
  });
});

describe('a relu with a maximum of 6, as MobileNets have it,', () => {
  it('is exact, or its layer is refused by name before anything runs', () => {
    const nets = net(() => layers.reLU({maxValue: 6, name: 'six'}), dense(5, {activation: 'tanh'}));
    let refusal = '';
    try {
      new LargeMarginModel(nets(1), smooth);
    } catch (error) {
      refusal = String(error);
    }
    if (refusal) expect(refusal).toMatch(/six.*'exact'/);
    else expectExact(nets, {}, {name: 'relu with a maximum'});
  });
});
