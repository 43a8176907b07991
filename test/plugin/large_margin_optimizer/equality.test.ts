import * as tf from '@tensorflow/tfjs-core';
import {input, layers, model as tfModel, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {afterAll, describe, expect, it} from 'vitest';
import {marginRegularizer, schedules, type LargeMarginModelOptions} from '../../../plugin/index.js';
import {compareWithModel, type Adapted} from '../../support/adapted_nets.js';
import {randomTensor} from '../../support/randoms.js';
import {apply, convNet, dense, denseNet, labelsOf, seeded} from '../../support/tiny_models.js';

// A model under the adapter is trained as in a LargeMarginModel: the same weights after three steps.

const BOUND = 1e-6;
const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const b = randomTensor<tf.Tensor2D>([6, 2], 2);
const pictures = randomTensor([6, 6, 6, 2], 3);
const values = randomTensor<tf.Tensor2D>([6, 1], 4);
const indices = [0, 1, 2, 2, 1, 0];
const y = labelsOf(indices);

const hidden = () => dense('hidden', 5, {activation: 'tanh', inputShape: [4]});

function functional(): LayersModel {
  const inputs = input({shape: [4], name: 'x'});
  const h = apply(hidden(), inputs);
  const joined = apply(layers.concatenate({name: 'joined'}), [h, inputs]);
  return seeded(tfModel({inputs, outputs: apply(dense('scores', 3, {activation: 'softmax'}), joined)}));
}

function nested(): LayersModel {
  const inner = sequential({name: 'inner', layers: [hidden(), dense('more', 4, {activation: 'relu'})]});
  const inputs = input({shape: [4], name: 'x'});
  const outputs = apply(dense('scores', 3, {activation: 'softmax'}), apply(inner, inputs));
  return seeded(tfModel({inputs, outputs}));
}

function shared(): LayersModel {
  const inputs = input({shape: [4], name: 'x'});
  const twice = dense('twice', 4, {activation: 'tanh'});
  const outputs = apply(dense('scores', 3, {activation: 'softmax'}), apply(twice, apply(twice, inputs)));
  return seeded(tfModel({inputs, outputs}));
}

function twoInputs(): LayersModel {
  const inputs = [input({shape: [4], name: 'a'}), input({shape: [2], name: 'b'})];
  const [da, db] = [dense('da', 5, {activation: 'tanh'}), dense('db', 5, {activation: 'tanh'})];
  const sum = apply(layers.add({name: 'sum'}), [apply(da, inputs[0]), apply(db, inputs[1])]);
  return seeded(tfModel({inputs, outputs: apply(dense('scores', 3, {activation: 'softmax'}), sum)}));
}

function twoOutputs(): LayersModel {
  const inputs = input({shape: [4], name: 'x'});
  const trunk = apply(dense('trunk', 5, {activation: 'tanh'}), inputs);
  const outputs = [
    apply(dense('value', 1), trunk),
    apply(dense('classes', 3, {activation: 'softmax'}), trunk),
  ];
  return seeded(tfModel({inputs, outputs}));
}

const ending = (...last: layers.Layer[]) => seeded(sequential({layers: [hidden(), ...last]}));

/** Marks with settings of their own; no option says where margins are wanted. */
const marked = () =>
  seeded(
    sequential({
      layers: [
        marginRegularizer({inputShape: [4], name: 'mark_x'}),
        hidden(),
        marginRegularizer({gamma: 0.5, norm: 'linf', weight: 2, scale: 'size', name: 'mark_h'}),
        dense('scores', 3, {activation: 'softmax'}),
      ],
    }),
  );

/** Batch norm, dropout with a seed, kernel and bias regularizers. */
const mixed = () =>
  seeded(
    sequential({
      layers: [
        dense('hidden', 5, {inputShape: [4], kernelRegularizer: 'l1l2', biasRegularizer: 'l1l2'}),
        layers.batchNormalization({name: 'bn'}),
        layers.activation({activation: 'relu', name: 'relu'}),
        layers.dropout({rate: 0.4, seed: 7, name: 'dropout'}),
        dense('scores', 3, {activation: 'softmax', kernelRegularizer: 'l1l2'}),
      ],
    }),
  );

interface Net extends Partial<Adapted> {
  make: () => LayersModel;
  x?: tf.Tensor | tf.Tensor[];
  y?: tf.Tensor | tf.Tensor[];
}

const both = {value: 'meanSquaredError', classes: 'categoricalCrossentropy'} as never;
const weighted = {classWeight: {0: 1, 1: 0.2, 2: 3}};
const fit = (args: object) => (model: LayersModel, x: tf.Tensor | tf.Tensor[], y: tf.Tensor | tf.Tensor[]) =>
  model.fit(x, y, {epochs: 2, batchSize: 4, shuffle: false, verbose: 0, ...args});

const nets: Record<string, Net> = {
  'a Sequential net': {make: () => denseNet({units: [5, 4]})},
  'a net for pictures': {make: convNet, x: pictures},
  'a functional net that joins': {make: functional},
  'a nested model': {make: nested},
  'a shared layer': {make: shared},
  'two inputs': {make: twoInputs, x: [x, b]},
  'two outputs': {
    make: twoOutputs,
    y: [values, y],
    options: {gamma: 1, output: 'classes', crossEntropyWeight: 0.5},
    compile: {loss: both},
  },
  'a softmax in an Activation': {make: () => ending(dense('s'), layers.activation({activation: 'softmax'}))},
  'a Softmax layer': {make: () => ending(dense('s'), layers.softmax())},
  logits: {make: () => ending(dense('s'))},
  marks: {make: marked},
  'regularizers, batch norm and dropout with a seed': {make: mixed},
  'class weights in fit': {make: denseNet, run: fit(weighted)},
  'class weights, several batches and layers of every kind': {make: mixed, run: fit(weighted)},
  'labels as indices': {
    make: denseNet,
    y: tf.tensor2d(indices.map(index => [index])),
    compile: {loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy']},
  },
  'a label loss that is a function': {
    make: denseNet,
    compile: {loss: (labels, outputs) => tf.losses.absoluteDifference(labels, outputs)},
  },
  'a label loss of another kind': {
    make: denseNet,
    compile: {loss: 'meanSquaredError', metrics: ['accuracy', 'mse']},
  },
};

const ways: LargeMarginModelOptions[] = [{gamma: 2}, {gamma: 2, gradient: 'firstOrder'}];

describe('three steps under the adapter are those of a LargeMarginModel', () => {
  let worst = 0;
  afterAll(() =>
    console.log(`adapter against LargeMarginModel: weights differ by at most ${worst.toExponential(1)}`),
  );

  const cases = Object.entries(nets).flatMap(([name, net]) => ways.map(way => [name, way, net] as const));
  it.each(cases)('for %s, %j', async (_, way, {x: ownX, y: ownY, options, ...net}) => {
    const {error, moved} = await compareWithModel(ownX ?? x, ownY ?? y, {
      ...net,
      options: {...way, ...options},
    });
    worst = Math.max(worst, error);
    expect(moved).toBeGreaterThan(1e-3);
    expect(error).toBeLessThanOrEqual(BOUND);
  });

  it.each<LargeMarginModelOptions>([
    {gamma: 2, layers: ['input', 'hidden1', 'output'], norm: 'l1', topK: 2, aggregate: 'sum'},
    {
      gamma: 2,
      layers: [{name: 'hidden2', gamma: 0.3, weight: 2, norm: 'linf', scale: 'size'}],
      reduceLayers: 'mean',
    },
    {gamma: 2, rivals: 'random', seed: 5, clip: null},
    {gamma: 2, scores: 'probabilities', epsilon: 1e-3, marginWeight: 0.3, crossEntropyWeight: 0.7},
    {gamma: 2, labelSmoothing: 0.2},
    {
      gamma: schedules.delay({steps: 1, before: 1, then: 3}),
      marginWeight: schedules.warmUp({steps: 3, then: 1}),
      crossEntropyWeight: schedules.exponentialDecay({initial: 1, decaySteps: 2, decayRate: 0.5}),
    },
    {gamma: 2, marginWeight: 0},
  ])('with the options %j', async options => {
    const make = () => denseNet({units: [5, 4]});
    const {error, moved} = await compareWithModel(x, y, {make, options});
    worst = Math.max(worst, error);
    expect(moved).toBeGreaterThan(1e-3);
    expect(error).toBeLessThanOrEqual(BOUND);
  });

  it('and label smoothing leaves the margin as it is', async () => {
    const make = denseNet;
    const args = (labelSmoothing: number) => ({
      make,
      options: {gamma: 2, crossEntropyWeight: 0, labelSmoothing},
    });
    const [plain, smooth] = [await compareWithModel(x, y, args(0)), await compareWithModel(x, y, args(0.3))];
    expect(smooth.error).toBeLessThanOrEqual(BOUND);
    expect(smooth.model.getWeights().map(w => w.arraySync())).toEqual(
      plain.model.getWeights().map(w => w.arraySync()),
    );
  });
});
