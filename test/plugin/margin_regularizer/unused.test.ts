import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {LargeMarginModel, marginLoss, marginRegularizer} from '../../../plugin/index.js';
import {batches} from '../../support/batches.js';
import {randomTensor} from '../../support/randoms.js';
import {dense, labelsOf, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor([6, 6, 6, 2], 3);
const y = labelsOf([0, 1, 2, 2, 1, 0]);

afterEach(() => vi.restoreAllMocks());

/** A net with batch norm, dropout and regularizers, its weights drawn by tfjs with a seed; marked in five places or not. */
function net(isMarked: boolean): LayersModel {
  const mark = (args: object = {}) => (isMarked ? [marginRegularizer(args)] : []);
  const kernel = (seed: number) => ({
    kernelInitializer: {className: 'GlorotUniform', config: {seed}} as never,
    kernelRegularizer: 'l1l2' as const,
  });
  return sequential({
    layers: [
      ...mark({inputShape: [6, 6, 2], gamma: 1}),
      layers.conv2d({filters: 3, kernelSize: 3, inputShape: [6, 6, 2], activation: 'relu', ...kernel(1)}),
      ...mark(),
      layers.batchNormalization({}),
      ...mark({norm: 'linf'}),
      layers.dropout({rate: 0.4, seed: 5}),
      ...mark(),
      layers.flatten(),
      dense('h', 6, {activation: 'tanh', ...kernel(2)}),
      ...mark(),
      dense('scores', 3, {activation: 'softmax', ...kernel(3)}),
    ],
  });
}

describe('a net with marks and no margin loss', () => {
  const spy = () => vi.spyOn(console, 'warn').mockReturnValue();

  it('starts, trains, is evaluated and predicts as the net without them, bit for bit', async () => {
    spy();
    const run = async (isMarked: boolean) => {
      const model = net(isMarked);
      model.compile({optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy']});
      const args = {epochs: 3, batchSize: 2, shuffle: false, verbose: 0} as const;
      const {history} = await model.fit(x, y, {
        ...args,
        validationData: [x, y],
        classWeight: {0: 1, 1: 2, 2: 1},
      });
      const again = await model.fitDataset(
        batches(() => [{xs: x, ys: y}]),
        {epochs: 2, verbose: 0},
      );
      const last = await model.trainOnBatch(x, y);
      const evaluated = (model.evaluate(x, y) as tf.Scalar[]).map(t => t.dataSync()[0]);
      const predicted = Array.from((model.predict(x) as tf.Tensor).dataSync());
      return {weights: weightsOf(model), history, again: again.history, last, evaluated, predicted};
    };
    const [plain, marked] = [await run(false), await run(true)];
    expect(marked).toEqual(plain);
    expect(plain.weights).not.toEqual(weightsOf(net(false)));
  });

  it('says so once, when a step is over, and names the marks', async () => {
    const warn = spy();
    const model = net(true);
    model.compile({optimizer: 'sgd', loss: 'categoricalCrossentropy'});
    tf.dispose([model.predict(x), model.evaluate(x, y)] as tf.Tensor[]);
    await Promise.resolve();
    expect(warn).not.toHaveBeenCalled();
    await model.fit(x, y, {epochs: 3, batchSize: 2, verbose: 0});
    await model.trainOnBatch(x, y);
    expect(warn).toHaveBeenCalledOnce();
    const [message] = warn.mock.calls[0] as string[];
    const names = model.layers
      .filter(layer => layer.getClassName() === 'LargeMarginRegularizer')
      .map(l => l.name);
    expect(names).toHaveLength(5);
    expect(message).toContain(`no margin loss uses ${names.join(', ')}`);
    for (const part of ['trains as if', 'marginLoss(', 'LargeMarginModel', 'LargeMarginOptimizer'])
      expect(message).toContain(part);
  });

  it('and another says so for itself', async () => {
    const warn = spy();
    for (let i = 0; i < 2; i++) {
      const model = net(true);
      model.compile({optimizer: 'sgd', loss: 'categoricalCrossentropy'});
      await model.trainOnBatch(x, y);
    }
    expect(warn).toHaveBeenCalledTimes(2);
  });

  it('says nothing where a margin is had from all marks', async () => {
    const warn = spy();
    const byLoss = net(true);
    byLoss.compile({optimizer: 'sgd', loss: marginLoss(byLoss, {gamma: 1, gradient: 'firstOrder'})});
    const wrapped = new LargeMarginModel(net(true), {gamma: 1, gradient: 'firstOrder'});
    wrapped.compile({optimizer: 'sgd'});
    for (const model of [byLoss, wrapped]) await model.fit(x, y, {verbose: 0});
    await Promise.resolve();
    expect(warn).not.toHaveBeenCalled();
  });

  it('names only those that nobody uses', async () => {
    const warn = spy();
    const base = net(true);
    const [first, ...others] = base.layers
      .filter(layer => layer.getClassName() === 'LargeMarginRegularizer')
      .map(layer => layer.name);
    const wrapped = new LargeMarginModel(base, {gamma: 1, layers: [first], gradient: 'firstOrder'});
    wrapped.compile({optimizer: 'sgd'});
    await wrapped.trainOnBatch(x, y);
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0][0]).toContain(`uses ${others.join(', ')},`);
  });
});
