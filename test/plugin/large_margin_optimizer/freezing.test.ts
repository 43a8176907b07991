import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {LargeMarginModel, LargeMarginOptimizer} from '../../../plugin/index.js';
import {errorOf} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf} from '../../support/tiny_models.js';
import {bitsOf, STOCK} from '../optimizer/stock.js';

// State by names: what freezing and unfreezing layers does to tfjs's optimizers, and not to the adapter.

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0]);
const LAYERS = ['hidden1', 'hidden2', 'scores'];

/** Compiles a net anew with the same optimizer, all its layers but this one trainable. */
function freeze(model: LayersModel, optimizer: tf.Optimizer, frozen?: string): void {
  for (const name of LAYERS) model.getLayer(name).trainable = name !== frozen;
  model.compile({optimizer, loss: 'categoricalCrossentropy'});
}

async function steps(model: LayersModel, count = 3): Promise<void> {
  for (let step = 0; step < count; step++) await model.trainOnBatch(x, y);
}

const net = () => denseNet({units: [5, 4]});
const bitsOfLayer = (model: LayersModel, name: string) => model.getLayer(name).getWeights().map(bitsOf);
/** The slots of a layer's weights by `<weight>/<field>`. */
async function slotsOfLayer(model: LayersModel, optimizer: LargeMarginOptimizer, name: string) {
  const own = model.getLayer(name).weights.map(weight => (weight.read() as tf.Variable).name);
  const saved = await optimizer.getWeights();
  return saved
    .filter(({name}) => own.some(variable => name.startsWith(`${variable}/`)))
    .map(({name, tensor}) => [name, bitsOf(tensor)]);
}

afterEach(() => void vi.restoreAllMocks());

describe('a layer that is frozen and unfrozen under the adapter', () => {
  it.each(Object.entries(STOCK))(
    'moves by exactly 0 meanwhile, keeps its slots, and learns on (%s)',
    async (name, make) => {
      const model = net();
      const optimizer = new LargeMarginOptimizer(make(), {gamma: 2, model});
      freeze(model, optimizer);
      await steps(model);
      for (const frozen of ['hidden1', 'scores', 'hidden2']) {
        freeze(model, optimizer, frozen);
        const [weights, slots] = [bitsOfLayer(model, frozen), await slotsOfLayer(model, optimizer, frozen)];
        expect(slots.length > 0).toBe(name !== 'sgd');
        const other = LAYERS.find(layer => layer !== frozen)!;
        const others = bitsOfLayer(model, other);
        await steps(model);
        expect(bitsOfLayer(model, frozen)).toEqual(weights);
        expect(await slotsOfLayer(model, optimizer, frozen)).toEqual(slots);
        expect(bitsOfLayer(model, other)).not.toEqual(others);
      }
      freeze(model, optimizer);
      const weights = LAYERS.map(layer => bitsOfLayer(model, layer));
      await steps(model);
      LAYERS.forEach((layer, i) => expect(bitsOfLayer(model, layer)).not.toEqual(weights[i]));
      optimizer.dispose();
    },
  );

  it.each(Object.entries(STOCK).filter(([name]) => name !== 'sgd'))(
    'breaks or misleads the bare optimizer: the control (%s)',
    async (_, make) => {
      const model = new LargeMarginModel(net(), {gamma: 2});
      const optimizer = make();
      freeze(model, optimizer);
      await steps(model);
      freeze(model, optimizer, 'hidden1');
      expect(await errorOf(() => steps(model, 1))).toBeInstanceOf(Error);
    },
  );

  it('is the same with accumulation: what was gathered of a layer before it was frozen is dropped', async () => {
    const model = net();
    const optimizer = new LargeMarginOptimizer(tf.train.adam(0.02), {gamma: 2, model, accumulationSteps: 2});
    freeze(model, optimizer);
    await steps(model, 1);
    freeze(model, optimizer, 'hidden2');
    const weights = bitsOfLayer(model, 'hidden2');
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    await steps(model, 3);
    expect(warn.mock.calls.join()).toMatch(
      /gathered gradients of hidden2\/kernel\w*, hidden2\/bias\w* are dropped/,
    );
    expect(warn).toHaveBeenCalledTimes(1);
    expect(optimizer.iterations).toBe(2);
    expect(bitsOfLayer(model, 'hidden2')).toEqual(weights);
  });
});

describe('several models under one adapter', () => {
  it('keep apart, and go on after one of them is disposed of', async () => {
    const optimizer = new LargeMarginOptimizer(tf.train.momentum(0.05, 0.9));
    const models = [1, 2].map(seed => new LargeMarginModel(denseNet({seed}), {gamma: 2}));
    const alone = [1, 2].map(seed => new LargeMarginModel(denseNet({seed}), {gamma: 2}));
    for (const model of models) model.compile({optimizer});
    for (const model of alone) model.compile({optimizer: tf.train.momentum(0.05, 0.9)});
    for (let step = 0; step < 3; step++) for (const model of [...models, ...alone]) await steps(model, 1);
    for (const i of [0, 1])
      expect(models[i].getWeights().map(bitsOf)).toEqual(alone[i].getWeights().map(bitsOf));
    models[0].dispose();
    for (const model of [models[1], alone[1]]) await steps(model, 2);
    expect(models[1].getWeights().map(bitsOf)).toEqual(alone[1].getWeights().map(bitsOf));
    const names = (await optimizer.getWeights()).map(({name}) => name);
    expect(names.filter(name => name.endsWith('/accumulations'))).toHaveLength(4);
  });
});
