import * as tf from '@tensorflow/tfjs-core';
import {
  input,
  layers,
  model,
  sequential,
  type LayersModel,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel, marginLoss, marginRegularizer} from '../../../plugin/index.js';
import {expectRefusal} from '../../support/expect_no_leak.js';
import {expectSameDoors} from '../../support/marked_nets.js';
import {randomTensor} from '../../support/randoms.js';
import {apply, dense, labelsOf, seeded, weightsOf} from '../../support/tiny_models.js';

const y = labelsOf([0, 1, 2, 2, 1, 0]);
const x = randomTensor([6, 4], 1);
const picture = randomTensor([6, 6, 6, 2], 2);
const mark = (x: SymbolicTensor, args: Parameters<typeof marginRegularizer>[0] = {}) =>
  apply(marginRegularizer(args), x);
const softmaxed = (name = 'scores') => dense(name, 3, {activation: 'softmax'});
const functional = (shape: number[], f: (x: SymbolicTensor) => SymbolicTensor) => () => {
  const x = input({shape, name: 'x'});
  return seeded(model({inputs: x, outputs: f(x)}), 1, 0.4);
};
const layersInARow =
  (...make: Array<() => layers.Layer>) =>
  () =>
    seeded(sequential({layers: make.map(one => one())}), 1, 0.4);
const conv = (rest = {}) =>
  layers.conv2d({filters: 3, kernelSize: 3, padding: 'same', name: 'conv', ...rest});

/** A branch of its own, which it is to be called once and twice. */
const tower = () =>
  sequential({
    name: 'tower',
    layers: [dense('d', 5, {inputShape: [4], activation: 'tanh'}), marginRegularizer({name: 'inside'})],
  });

/** A name, the net, its data, and how many activations are marked. */
const nets: Array<[string, () => LayersModel, tf.Tensor, number]> = [
  [
    'Sequential, marked before anything else',
    layersInARow(
      () => marginRegularizer({inputShape: [4]}),
      () => dense('h', 5, {activation: 'relu'}),
      softmaxed,
    ),
    x,
    1,
  ],
  [
    'functional, marked in two branches',
    functional([4], x => {
      const left = mark(apply(dense('l', 5, {activation: 'relu'}), x), {gamma: 0.5});
      const right = mark(apply(dense('r', 5, {activation: 'tanh'}), x), {gamma: 2, norm: 'l1'});
      return apply(softmaxed(), apply(layers.concatenate(), [left, right]));
    }),
    x,
    2,
  ],
  ['nested, marked inside', functional([4], x => apply(softmaxed(), apply(tower(), x))), x, 1],
  [
    'nested, which ends in the scores',
    functional([4], x => {
      const head = sequential({
        name: 'head',
        layers: [marginRegularizer({inputShape: [5]}), dense('h2', 5, {activation: 'relu'}), softmaxed()],
      });
      return apply(head, apply(dense('h1', 5), x));
    }),
    x,
    1,
  ],
  [
    'with a nested model that is used twice',
    functional([4], x => {
      const shared = tower();
      const other = apply(layers.reLU(), apply(dense('other', 4), x));
      return apply(softmaxed(), apply(layers.concatenate(), [apply(shared, x), apply(shared, other)]));
    }),
    x,
    2,
  ],
  [
    'with a mark that is used three times, at two widths',
    functional([4], x => {
      const shared = marginRegularizer({name: 'shared', scale: 'size'});
      const h = apply(shared, apply(dense('h', 7, {activation: 'relu'}), apply(shared, x)));
      return apply(softmaxed(), apply(dense('h2', 4), apply(shared, h)));
    }),
    x,
    3,
  ],
  [
    'marked before and after BatchNormalization and Dropout',
    layersInARow(
      () => conv({inputShape: [6, 6, 2]}),
      () => marginRegularizer(),
      () => layers.batchNormalization({}),
      () => marginRegularizer(),
      () => layers.reLU(),
      () => layers.dropout({rate: 0.4, seed: 3}),
      () => marginRegularizer(),
      () => layers.maxPooling2d({poolSize: 2}),
      () => layers.flatten(),
      softmaxed,
    ),
    picture,
    3,
  ],
  [
    'of a picture, marked at pooling and convolution',
    layersInARow(
      () => conv({inputShape: [6, 6, 2], activation: 'relu'}),
      () => marginRegularizer({norm: 'linf'}),
      () => layers.averagePooling2d({poolSize: 2}),
      () => marginRegularizer({norm: 'l1'}),
      () => layers.globalAveragePooling2d({}),
      softmaxed,
    ),
    picture,
    2,
  ],
  [
    'of sequences, marked at rank 3',
    layersInARow(
      () => layers.conv1d({filters: 4, kernelSize: 2, inputShape: [5, 3], activation: 'tanh'}),
      () => marginRegularizer(),
      () => layers.globalMaxPooling1d({}),
      softmaxed,
    ),
    randomTensor([6, 5, 3], 4),
    1,
  ],
  [
    'of volumes, marked at rank 5',
    layersInARow(
      () => layers.reshape({targetShape: [2, 3, 3, 4], inputShape: [72]}),
      () => marginRegularizer({scale: 'size'}),
      () => layers.flatten(),
      () => dense('h', 5, {activation: 'relu'}),
      softmaxed,
    ),
    randomTensor([6, 72], 5),
    1,
  ],
];

describe('marginLoss at the marks of a net', () => {
  it.each(nets)('%s: as a LargeMarginModel without layers', async (_, make, x) => {
    for (const gradient of ['exact', 'firstOrder'] as const)
      await expectSameDoors(x, y, {make, options: {gamma: 1, gradient}, bound: 2e-6});
    await expectSameDoors(x, y, {make, fit: {epochs: 2, batchSize: 2}, bound: 1e-5});
  });

  it.each(nets)('%s: more than the label loss, at each mark', async (_, make, x, marks) => {
    const losses = [];
    for (const marginWeight of [0, 1]) {
      const net = make();
      net.compile({optimizer: tf.train.sgd(0.1), loss: marginLoss(net, {gamma: 1, marginWeight})});
      losses.push((await net.trainOnBatch(x, y)) as number);
    }
    expect(losses[1]).toBeGreaterThan(losses[0] + 0.01);
    const wrapped = new LargeMarginModel(make(), {gamma: 1});
    wrapped.compile({optimizer: 'sgd'});
    expect(wrapped.metricsNames.filter(name => name.startsWith('margin_'))).toHaveLength(marks);
  });

  it('a mark at the logits, before a softmax or as the output itself, is the margin at the output', async () => {
    const h = () => dense('h', 5, {inputShape: [4], activation: 'relu'});
    const endings = [
      [() => dense('scores'), () => marginRegularizer(), () => layers.softmax()],
      [() => dense('scores'), () => marginRegularizer(), () => layers.activation({activation: 'softmax'})],
      [() => dense('scores'), () => marginRegularizer()],
    ];
    const plain = new LargeMarginModel(layersInARow(h, () => dense('scores'))(), {
      gamma: 1,
      layers: ['output'],
    });
    plain.compile({optimizer: tf.train.sgd(0.1)});
    const [expected] = (await plain.trainOnBatch(x, y)) as number[];
    for (const ending of endings) {
      const {losses, model} = await expectSameDoors(x, y, {make: layersInARow(h, ...ending)});
      expect(losses[0]).toBeCloseTo(expected, 5);
      const error = weightsOf(model)
        .flat()
        .map((w, i) => Math.abs(w - weightsOf(plain).flat()[i]));
      expect(Math.max(...error)).toBeLessThan(1e-6);
    }
  });

  it('a mark of a volume between convolutions, which tfjs differentiates once', async () => {
    const make = layersInARow(
      () => layers.conv3d({filters: 3, kernelSize: 2, inputShape: [3, 3, 3, 1], activation: 'relu'}),
      () => marginRegularizer(),
      () => layers.conv3d({filters: 2, kernelSize: 2}),
      () => layers.flatten(),
      softmaxed,
    );
    const volumes = randomTensor([6, 3, 3, 3, 1], 7);
    await expectSameDoors(volumes, y, {make, options: {gamma: 1, gradient: 'firstOrder'}});
  });

  it('a mark behind the softmax is refused', async () => {
    const net = layersInARow(
      () => dense('h', 5, {inputShape: [4]}),
      softmaxed,
      () => marginRegularizer({name: 'late'}),
    )();
    await expectRefusal(
      () => marginLoss(net, {gamma: 1}),
      'layers',
      'before the softmax scores',
      "'late'",
      "'output'",
    );
    await expectRefusal(() => new LargeMarginModel(net, {gamma: 1}), 'layers', 'before the softmax scores');
  });

  it('two inputs marked, each with a gamma of its own', async () => {
    const make = () => {
      const [a, b] = [input({shape: [4], name: 'a'}), input({shape: [3], name: 'b'})];
      const joined = apply(layers.concatenate(), [mark(a, {gamma: 0.3}), mark(b, {gamma: 3})]);
      const h = apply(dense('h', 5, {activation: 'tanh'}), joined);
      return seeded(model({inputs: [a, b], outputs: apply(softmaxed(), h)}));
    };
    await expectSameDoors([x, randomTensor([6, 3], 8)], y, {make, options: {}});
  });
});
