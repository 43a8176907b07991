import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel, RandomStream, schedules} from '../../../../plugin/index.js';
import type {LargeMarginModelOptions} from '../../../../plugin/index.js';
import type {ResumableFitArgs} from '../../../../plugin/training/resumable_args.js';
import {resumableFit} from '../../../../plugin/training/resumable_fit.js';
import {randomTensor} from '../../../support/randoms.js';
import {expectResumable, type Begun} from '../../../support/training_resumed.js';
import {dense, denseNet, labelsOf, seeded, weightsOf} from '../../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([7, 4], 1);
const y = labelsOf([0, 1, 2, 0, 1, 2, 1]);
const base = {epochs: 2, batchSize: 3, seed: 5, saveEvery: 1};

function begun(seed: number, args: ResumableFitArgs = {}, options: LargeMarginModelOptions = {}): Begun {
  const model = new LargeMarginModel(denseNet({seed}), {gamma: 1, seed, ...options});
  model.compile({optimizer: tf.train.adam(0.05)});
  return {model, x, y, args: {...base, ...args}};
}

function dropoutNet(seed: number) {
  const net = sequential({
    layers: [
      dense('hidden', 8, {inputShape: [4]}),
      layers.dropout({rate: 0.5}),
      dense('scores', 3, {activation: 'softmax'}),
    ],
  });
  const model = new LargeMarginModel(seeded(net, seed), {gamma: 1, seed: 1});
  model.compile({optimizer: tf.train.sgd(0.1)});
  return model;
}

describe('resumableFit goes on as if never interrupted', () => {
  it.each<[string, LargeMarginModelOptions]>([
    ['random rivals', {rivals: 'random', topK: 2}],
    [
      'schedules of gamma and marginWeight',
      {
        gamma: schedules.piecewiseConstant({boundaries: [3], values: [0.5, 2]}),
        marginWeight: schedules.cosineDecay({initial: 2, decaySteps: 6}),
      },
    ],
  ])('with %s', async (_, options) => {
    expect((await expectResumable(seed => begun(seed, {}, options))).saves).toBe(6);
  });

  it.each<[string, ResumableFitArgs]>([
    ['weights of classes', {classWeight: {0: 1, 1: 2, 2: 0.5}}],
    ['weights of examples', {sampleWeight: tf.tensor1d([1, 2, 0, 1, 0.5, 1, 3])}],
    ['both', {classWeight: {0: 1, 1: 2, 2: 0.5}, sampleWeight: tf.tensor1d([1, 2, 0, 1, 0.5, 1, 3])}],
    ['examples in their order', {shuffle: false}],
    ['validation data', {validationData: [x, y]}],
    [
      'inputs that are changed by a generator',
      {augment: ([input], random) => [tf.mul(input, random.next() + 0.5)]},
    ],
    [
      "inputs that are changed by tfjs's own random numbers",
      {augment: ([input]) => [tf.add(input, tf.randomNormal(input.shape))]},
    ],
  ])('with %s', async (_, args) => {
    expect((await expectResumable(seed => begun(seed, args))).saves).toBe(6);
  });

  it.each<[number | 'epoch', number]>([
    [1, 9],
    [3, 3],
    [2, 6],
    ['epoch', 3],
    [100, 3],
  ])('saving every %s, which makes %i checkpoints of 3 epochs of 3 batches', async (saveEvery, count) => {
    const {saves, store} = await expectResumable(seed => begun(seed, {saveEvery, epochs: 3}));
    expect(saves).toBe(count);
    // 2, 4, 8 in the middle of epochs, and their ends.
    if (saveEvery === 2) expect(store.saved.map(({step}) => step)).toEqual([2, 3, 4, 6, 8, 9]);
  });

  it('with more epochs than before', async () => {
    const {weights, store} = await expectResumable(seed => begun(seed, {epochs: 3}));
    const shorter = begun(1);
    const first = store.upTo(0);
    await resumableFit(shorter.model, x, y, {...shorter.args, checkpoints: first});
    expect(first.saved.length).toBe(6);
    const longer = begun(2, {epochs: 3});
    await resumableFit(longer.model, x, y, {...longer.args, checkpoints: first});
    expect(weightsOf(longer.model)).toEqual(weights);
  });

  it("with a user's own generators", async () => {
    await expectResumable(seed => {
      const mine = new RandomStream(seed);
      const augment: ResumableFitArgs['augment'] = ([input]) => [tf.add(input, mine.next())];
      return {...begun(seed, {augment, streams: {mine}}), also: () => mine.getState()};
    });
  });
});

describe('a run of resumableFit', () => {
  async function run(args: ResumableFitArgs = {}, disturb = () => {}): Promise<number[][]> {
    const model = dropoutNet(1);
    const callbacks = {onBatchBegin: disturb, onBatchEnd: disturb};
    await resumableFit(model, x, y, {...base, callbacks, ...args});
    return weightsOf(model);
  }

  it('is the same for the same seed, 0 among them, without any checkpoint', async () => {
    expect(await run()).toEqual(await run());
    expect(await run({seed: 0})).toEqual(await run({seed: 0}));
    expect(await run({seed: 0})).toEqual(await run({seed: undefined}));
  });

  it('is another one for another seed', async () => {
    const runs = [];
    for (const seed of [0, 1, -1, 2 ** 40]) runs.push(JSON.stringify(await run({seed})));
    expect(new Set(runs).size).toBe(4);
    // The order of examples is one thing that a seed decides, dropout another.
    const unshuffled = [await run({seed: 0, shuffle: false}), await run({seed: 1, shuffle: false})];
    expect(unshuffled[0]).not.toEqual(unshuffled[1]);
  });

  it('does not mind who else draws from Math.random between its steps, and leaves it in place', async () => {
    const original = Math.random;
    const drawn: number[] = [];
    const disturbed = await run({}, () => void drawn.push(Math.random(), tf.randomNormal([1]).dataSync()[0]));
    expect(disturbed).toEqual(await run());
    expect(Math.random).toBe(original);
    expect(new Set(drawn).size).toBe(drawn.length);
  });

  it('draws the same dropout masks whatever augment draws', async () => {
    const augment: ResumableFitArgs['augment'] = (inputs, random) => {
      random.next();
      Math.random();
      return inputs;
    };
    expect(await run({augment})).toEqual(await run());
  });

  it('shuffles each epoch anew, and shows every example once an epoch', async () => {
    const numbers = tf.tensor2d([0, 1, 2, 3, 4, 5, 6], [7, 1]);
    const net = seeded(sequential({layers: [dense('scores', 3, {activation: 'softmax', inputShape: [1]})]}));
    net.compile({optimizer: 'sgd', loss: 'categoricalCrossentropy'});
    const seen: number[] = [];
    const augment: ResumableFitArgs['augment'] = inputs => {
      seen.push(...inputs[0].dataSync());
      return inputs;
    };
    await resumableFit(net, numbers, y, {...base, epochs: 3, augment});
    const epochs = [0, 7, 14].map(from => seen.slice(from, from + 7));
    for (const epoch of epochs) expect([...epoch].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(new Set(epochs.map(String)).size).toBe(3);
    expect(epochs[0]).not.toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});
