import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {LargeMarginModel, LargeMarginOptimizer, NonFiniteError} from '../../../plugin/index.js';
import {batches} from '../../support/batches.js';
import {errorOf} from '../../support/expect_no_leak.js';
import {bitsOfState, compiledNet, planted, spoil, spoiltNet, x, y} from '../../support/spoilt_net.js';
import {denseNet} from '../../support/tiny_models.js';

const withNaN = planted(NaN);

let warn: ReturnType<typeof vi.spyOn>;
beforeEach(() => void (warn = vi.spyOn(console, 'warn').mockImplementation(() => {})));
afterEach(() => warn.mockRestore());

describe("'skip'", () => {
  it('goes on with the next sound step as if there had been none between', async () => {
    const [ours, theirs] = [compiledNet({nonFinite: 'skip'}), compiledNet({})];
    for (const batch of [x, withNaN, withNaN, x]) await ours.model.trainOnBatch(batch, y);
    for (let i = 0; i < 2; i++) await theirs.model.trainOnBatch(x, y);
    const [a, b] = [
      await bitsOfState(ours.model, ours.optimizer),
      await bitsOfState(theirs.model, theirs.optimizer),
    ];
    expect(a.weights).toEqual(b.weights);
    expect(a.slots.map(([, bits]) => bits).slice(0, -1)).toEqual(
      b.slots.map(([, bits]) => bits).slice(0, -1),
    );
    expect([ours.optimizer.iterations, ours.optimizer.stream.steps]).toEqual([2, 4]);
  });

  it('reports the loss as it was, not finite', async () => {
    const {model} = compiledNet({nonFinite: 'skip'});
    const [loss] = (await model.trainOnBatch(withNaN, y)) as number[];
    expect(loss).toBeNaN();
  });

  it('is an error after maxSkips steps in a row, not after as many in all', async () => {
    const {model, optimizer} = compiledNet({nonFinite: 'skip', maxSkips: 2});
    for (const batch of [withNaN, withNaN, x, withNaN, withNaN]) await model.trainOnBatch(batch, y);
    const before = await bitsOfState(model, optimizer);
    const error = await errorOf(() => model.trainOnBatch(withNaN, y));
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(String(error)).toContain('2 steps were left out');
    expect(await bitsOfState(model, optimizer)).toEqual(before);
  });
});

describe("'stop'", () => {
  const stopped = {nonFinite: 'stop'} as const;
  const data = () => tf.concat([x, x, withNaN, x]);
  const labels = () => tf.concat([y, y, y, y]);
  const args = {epochs: 3, batchSize: 6, shuffle: false, verbose: 0} as const;

  it.each([true, false])(
    'ends fit of an attached model after that batch (Sequential: %s)',
    async isSequential => {
      const base = denseNet();
      const model = isSequential ? base : (base as unknown as {model: LayersModel}).model;
      const {optimizer} = compiledNet({...stopped, layers: ['input', 'hidden1']}, model);
      const [xs, ys] = [data(), labels()];
      const {epoch} = await model.fit(xs, ys, args);
      expect(epoch).toEqual([0]);
      expect([optimizer.stopped, optimizer.iterations, optimizer.stream.steps]).toEqual([true, 2, 3]);
      expect(warn.mock.calls.map(String).join()).toContain('training stops');
      tf.dispose([xs, ys]);
    },
  );

  it('ends fitDataset', async () => {
    const {model, optimizer} = compiledNet(stopped);
    const {epoch} = await model.fitDataset(
      batches(() => [x, x, withNaN, x].map(xs => ({xs, ys: y}))),
      {epochs: 3, verbose: 0},
    );
    expect([epoch, optimizer.iterations, optimizer.stream.steps]).toEqual([[0], 2, 3]);
  });

  it('ends fit of a LargeMarginModel', async () => {
    const model = new LargeMarginModel(spoiltNet(), {gamma: 2, layers: ['relu']});
    const optimizer = new LargeMarginOptimizer('sgd', stopped);
    model.compile({optimizer});
    let batch = 0;
    // Its data are checked before: the gradient of the second batch is at fault.
    const onBatchBegin = async () => {
      if (++batch === 2) spoil(model.baseModel);
    };
    const {epoch} = await model.fit(x, y, {...args, batchSize: 2, callbacks: {onBatchBegin}});
    expect([epoch, batch, optimizer.iterations]).toEqual([[0], 2, 1]);
  });

  it('refuses further steps, by what was at fault, until reset', async () => {
    const {model, optimizer} = compiledNet(stopped);
    await model.trainOnBatch(withNaN, y);
    const before = await bitsOfState(model, optimizer);
    const error = await errorOf(() => model.trainOnBatch(x, y));
    expect(error).toMatchObject({step: 0, term: 'crossEntropy'});
    expect(String(error)).toContain('reset()');
    expect(() => optimizer.applyGradients({})).toThrow(NonFiniteError);
    expect(await bitsOfState(model, optimizer)).toEqual(before);
    optimizer.reset();
    expect(optimizer.stopped).toBe(false);
    await model.trainOnBatch(x, y);
    expect(optimizer.iterations).toBe(1);
  });
});
