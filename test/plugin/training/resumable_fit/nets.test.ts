import * as tf from '@tensorflow/tfjs-core';
import {constraints, input, layers, model, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {expect, it} from 'vitest';
import {LargeMarginModel, LargeMarginOptimizer, marginLoss} from '../../../../plugin/index.js';
import {markedNet} from '../../../support/marked_nets.js';
import {randomTensor} from '../../../support/randoms.js';
import {expectResumable, type Begun} from '../../../support/training_resumed.js';
import {apply, convNet, dense, denseNet, labelsOf, seeded, weightsOf} from '../../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([7, 4], 1);
const y = labelsOf([0, 1, 2, 0, 1, 2, 1]);
const pictures = randomTensor<tf.Tensor4D>([7, 6, 6, 2], 2);
const args = {epochs: 2, batchSize: 3, seed: 5, saveEvery: 1};
const loss = 'categoricalCrossentropy';

function compiled<T extends LayersModel>(net: T, optimizer: tf.Optimizer = tf.train.adam(0.05)): T {
  net.compile({optimizer, loss, metrics: ['accuracy']});
  return net;
}

function wrapped(net: LayersModel, seed: number, optimizer: tf.Optimizer = tf.train.adam(0.05)) {
  return compiled(new LargeMarginModel(net, {gamma: 1, seed}), optimizer);
}

/** An adapter that is given its model, as in a program that starts anew. */
function adapter(net: LayersModel, seed: number, options: object = {}): LargeMarginOptimizer {
  return new LargeMarginOptimizer('adam', {model: net, gamma: 1, seed, ...options});
}

const doors: Record<string, (seed: number) => Begun> = {
  'a marked net with marginLoss'(seed) {
    const net = markedNet({seed});
    const margin = marginLoss(net, {gamma: 1, rivals: 'random', topK: 2, seed});
    net.compile({optimizer: tf.train.momentum(0.1, 0.9), loss: margin, metrics: ['accuracy']});
    return {model: net, x, y, args};
  },
  'a plain net with an attached adapter'(seed) {
    const net = denseNet({seed});
    const options = {rivals: 'random', layers: ['input', 'hidden1'], accumulationSteps: 4};
    return {model: compiled(net, adapter(net, seed, options)), x, y, args};
  },
  'a marked net with marginLoss under an adapter'(seed) {
    const net = markedNet({seed});
    const optimizer = new LargeMarginOptimizer(tf.train.rmsprop(0.05), {globalClipNorm: 0.5});
    optimizer.stream.seed = seed;
    net.compile({optimizer, loss: marginLoss(net, {gamma: 1, seed})});
    return {model: net, x, y, args};
  },
};

const nets: Record<string, (seed: number) => Begun> = {
  'a Sequential net without names'(seed) {
    // tfjs numbers them on: they have other names in each process.
    const net = seeded(
      sequential({
        layers: [
          layers.dense({units: 4, inputShape: [4], activation: 'relu'}),
          layers.dense({units: 4, activation: 'relu'}),
          layers.dense({units: 3, activation: 'softmax'}),
        ],
      }),
      seed,
    );
    return {model: compiled(net, adapter(net, seed)), x, y, args};
  },
  'a functional net with two outputs'(seed) {
    const data = input({shape: [4], name: 'data'});
    const hidden = apply(dense('hidden', 5, {activation: 'tanh'}), data);
    const outputs = ['first', 'second'].map(name => apply(dense(name, 3, {activation: 'softmax'}), hidden));
    const net = seeded(model({inputs: data, outputs}), seed);
    const whole = new LargeMarginModel(net, {gamma: 1, layers: ['data', 'hidden'], output: 'first', seed});
    whole.compile({
      optimizer: tf.train.adagrad(0.1),
      loss: {first: loss, second: loss},
      metrics: ['accuracy'],
    });
    return {model: whole, x: {data: x}, y: {first: y, second: y}, args};
  },
  'two inputs, nested nets with layers of the same names'(seed) {
    const inner = (units: number) =>
      sequential({layers: [dense('same', units, {inputShape: [4], activation: 'tanh'}), dense('end', 4)]});
    const [a, b] = [input({shape: [4], name: 'a'}), input({shape: [4], name: 'b'})];
    const both = [apply(inner(4), a), apply(inner(4), b)];
    const sum = layers.add({name: 'sum'}).apply(both) as typeof a;
    const net = seeded(
      model({inputs: [a, b], outputs: apply(dense('scores', 3, {activation: 'softmax'}), sum)}),
      seed,
    );
    return {model: compiled(net, adapter(net, seed, {layers: ['sum']})), x: [x, x], y, args};
  },
  'a net of batch norm, dropout and noise'(seed) {
    const net = sequential({
      layers: [
        layers.gaussianNoise({stddev: 0.3, inputShape: [4], name: 'noise'}),
        dense('hidden', 6, {activation: 'relu'}),
        layers.batchNormalization({name: 'norm'}),
        layers.dropout({rate: 0.4, name: 'drop'}),
        layers.gaussianDropout({rate: 0.2, name: 'gauss'}),
        dense('scores', 3, {activation: 'softmax'}),
      ],
    });
    return {model: wrapped(seeded(net, seed), seed), x, y, args};
  },
  'a net of convolutions'(seed) {
    return {model: wrapped(convNet({seed}), seed, tf.train.adamax(0.05)), x: pictures, y, args};
  },
  'constraints on its weights'(seed) {
    // Training leaves them alone, and so the weights grow beyond them: restoring must not cut them back.
    const tight = {kernelConstraint: constraints.maxNorm({maxValue: 0.1}), activation: 'softmax'};
    const net = sequential({layers: [dense('scores', 3, {...tight, inputShape: [4]})]});
    return {model: wrapped(seeded(net, seed), seed), x, y, args};
  },
  'a frozen layer, in an optimizer of tfjs'(seed) {
    return {model: wrapped(frozen(seed), seed), x, y, args};
  },
  'a frozen layer, under an adapter'(seed) {
    const net = frozen(seed);
    return {model: compiled(net, adapter(net, seed)), x, y, args};
  },
};

function frozen(seed: number): LayersModel {
  const net = denseNet({units: [5, 4], seed});
  net.getLayer('hidden1').trainable = false;
  return net;
}

it.each(Object.entries({...doors, ...nets}))(
  'resumableFit goes on as if never interrupted with %s',
  async (_, begin) => {
    const {saves, weights} = await expectResumable(begin);
    expect(saves).toBe(6);
    expect(weights.flat().every(Number.isFinite)).toBe(true);
  },
);

it('gives back weights that a constraint would not allow', async () => {
  const {weights} = await expectResumable(nets['constraints on its weights']);
  const columns = [0, 1, 2].map(c => Math.hypot(...weights[0].filter((_, i) => i % 3 === c)));
  expect(Math.min(...columns)).toBeGreaterThan(0.11);
});

it('leaves a frozen layer as it was saved', async () => {
  const {weights} = await expectResumable(nets['a frozen layer, under an adapter']);
  const [kernel] = weightsOf(denseNet({units: [5, 4], seed: 1}));
  expect(weights.some(values => JSON.stringify(values) === JSON.stringify(kernel))).toBe(true);
});
