import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {LargeMarginModel, LargeMarginOptimizer, schedules} from '../../../plugin/index.js';
import {putOptimizer, takeOptimizer, type OptimizerState} from '../../../plugin/training/optimizer_state.js';
import {expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf, seeded, weightsOf} from '../../support/tiny_models.js';
import {expectKept} from '../../support/training_resumed.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 0, 1, 2]);

function compiled(optimizer: tf.Optimizer, net: LayersModel = denseNet()): LayersModel {
  const model = new LargeMarginModel(net, {gamma: 1, seed: 1});
  model.compile({optimizer});
  return model;
}

/** A net whose layers have other names whenever it is made. */
const unnamed = () =>
  seeded(
    sequential({
      layers: [
        layers.dense({units: 4, inputShape: [4], activation: 'tanh'}),
        layers.dense({units: 4, activation: 'tanh'}),
        layers.dense({units: 3}),
      ],
    }),
  );

const copies = (weights: LayersModel['weights']) => weights.map((_, i) => i);
const release = ({tensors}: OptimizerState) => tf.dispose(tensors.map(({tensor}) => tensor));
const valuesOf = ({tensors}: OptimizerState) => tensors.map(({tensor}) => Array.from(tensor.dataSync()));

/** Lets a second model have the weights of a first, takes over the optimizer's state, and steps with both. */
async function step(first: LayersModel, second: LayersModel): Promise<[number[][], number[][]]> {
  first.weights.forEach((weight, i) => (second.weights[i].read() as tf.Variable).assign(weight.read()));
  const state = await takeOptimizer(first);
  await putOptimizer('test', second, state, copies(first.weights));
  const again = await takeOptimizer(second);
  expect(valuesOf(again)).toEqual(valuesOf(state));
  release(state);
  release(again);
  for (const model of [first, second]) await model.trainOnBatch(x, y);
  return [weightsOf(first), weightsOf(second)];
}

afterEach(() => void vi.restoreAllMocks());

describe('takeOptimizer and putOptimizer', () => {
  it.each<[string, () => tf.Optimizer]>([
    ['adam', () => tf.train.adam(0.1)],
    ['an adapter', () => new LargeMarginOptimizer('adam', {accumulationSteps: 3})],
    ['an adapter around momentum', () => new LargeMarginOptimizer(tf.train.momentum(0.1, 0.9))],
  ])('give %s the step that it would have taken, under whatever names', async (_, make) => {
    const warn = vi.spyOn(console, 'warn');
    const models = [compiled(make(), unnamed()), compiled(make(), unnamed())];
    for (let i = 0; i < 4; i++) await models[0].trainOnBatch(x, y);
    const [first, second] = await step(models[0], models[1]);
    expect(second).toEqual(first);
    // An adapter that does not know its variables again says so, and starts anew.
    expect(warn).not.toHaveBeenCalled();
  });

  it('leave no tensor behind but the copies', async () => {
    for (const optimizer of [tf.train.adam(0.1), new LargeMarginOptimizer('adam', {accumulationSteps: 2})]) {
      const model = compiled(optimizer);
      for (let i = 0; i < 3; i++) await model.trainOnBatch(x, y);
      // The first time, the adapter makes tensors of its counts, which it keeps.
      release(await takeOptimizer(model));
      const carry = async () => {
        const state = await takeOptimizer(model);
        await putOptimizer('test', model, state, copies(model.weights));
        release(state);
      };
      await carry();
      expect(await expectKept(carry)).toBeUndefined();
    }
  });

  it('carry a learning rate that was set', async () => {
    const make = () => new LargeMarginOptimizer(tf.train.sgd(0.1), {});
    const [first, second] = [make(), make()];
    const models = [compiled(first), compiled(second)];
    first.learningRate = 1 / 3;
    await step(models[0], models[1]);
    expect(second.learningRate).toBe(1 / 3);
  });

  it('refuse another schedule of the learning rate', async () => {
    const make = (initial: number) =>
      new LargeMarginOptimizer('sgd', {learningRate: schedules.cosineDecay({initial, decaySteps: 9})});
    const [first, second] = [compiled(make(0.1)), compiled(make(0.2))];
    const state = await takeOptimizer(first);
    const put = () => putOptimizer('test', second, state, copies(second.weights));
    await expectRefusal(put, 'learningRate', 'schedule');
    release(state);
  });

  it('refuse slots of other weights than are trained, also where the last is missing in each list', async () => {
    const model = compiled(tf.train.adam(0.1));
    await model.trainOnBatch(x, y);
    const state = await takeOptimizer(model);
    const isLast = (name: string) => /\/3\//.test(name);
    const lists: Array<[string | RegExp, OptimizerState['tensors']]> = [
      // adam has two slots for each of four weights.
      [
        /accumulatedFirstMoment, got \[\[4, 5\], \[5\], \[5, 3\]\]/,
        state.tensors.filter(({name}) => !isLast(name)),
      ],
      ['same layers frozen', state.tensors.filter(({name}) => !/^accumulated\w+\/0\//.test(name))],
    ];
    for (const [message, tensors] of lists) {
      expect(tensors.length).toBe(state.tensors.length - 2);
      const put = () => putOptimizer('test', model, {...state, tensors}, copies(model.weights));
      await expectRefusal(put, 'the checkpoint', message);
    }
    const [first] = state.tensors.filter(({name}) => isLast(name));
    const tensors = state.tensors.filter(one => one !== first);
    await expect(putOptimizer('test', model, {...state, tensors}, copies(model.weights))).rejects.toThrow(
      /expected/,
    );
    release(state);
  });

  it('refuse, in an optimizer of tfjs, what was saved with another layer frozen, though shapes are the same', async () => {
    const frozen = (index: number, make: () => tf.Optimizer) => {
      const net = unnamed();
      net.layers[index].trainable = false;
      return compiled(make(), net);
    };
    const [first, second] = [frozen(0, () => tf.train.adam(0.1)), frozen(1, () => tf.train.adam(0.1))];
    await first.trainOnBatch(x, y);
    const state = await takeOptimizer(first);
    // Of a frozen layer the weights come last: those of the other layers are 0 to 3 in both.
    const places = [4, 5, 2, 3, 0, 1];
    const put = () => putOptimizer('test', second, state, places);
    await expectRefusal(put, 'model', '0, 1, 2, 3 trained', '4, 5, 2, 3', 'same layers frozen');
    await putOptimizer(
      'test',
      frozen(0, () => tf.train.adam(0.1)),
      state,
      copies(first.weights),
    );
    release(state);
  });

  it('write the options down, where the optimizer can', async () => {
    const options = {gamma: 2, layers: ['hidden1'], model: denseNet(), globalClipNorm: 3};
    const state = await takeOptimizer(compiled(new LargeMarginOptimizer('adam', options)));
    expect(state.config).toMatchObject({margin: {gamma: 2}, step: {globalClipNorm: 3}});
    const plain = await takeOptimizer(compiled(tf.train.adam(0.25)));
    expect(plain.config).toEqual({beta1: 0.9, beta2: 0.999, epsilon: 1e-7});
    release(state);
    release(plain);
  });

  it('take an adapter around an optimizer that has no learning rate', async () => {
    class Still extends tf.Optimizer {
      static className = 'Still';
      override applyGradients() {}
      override async getWeights() {
        return [];
      }
      override getConfig(): never {
        throw new RangeError('no options');
      }
    }
    const model = compiled(new LargeMarginOptimizer(new Still()));
    const state = await takeOptimizer(model);
    expect([state.learningRate, state.config]).toEqual([undefined, undefined]);
    release(state);
  });
});
