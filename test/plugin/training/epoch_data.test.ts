import * as tf from '@tensorflow/tfjs-core';
import {layers, model, input, sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel, RandomStream} from '../../../plugin/index.js';
import type {Data} from '../../../plugin/batch_checks.js';
import {checkValidation, EpochData} from '../../../plugin/training/epoch_data.js';
import {permutation} from '../../../plugin/training/randomness.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {apply, dense, denseNet, labelsOf} from '../../support/tiny_models.js';
import {expectKept} from '../../support/training_resumed.js';

const x = tf.tensor2d([0, 1, 2, 3, 4], [5, 1]);
const y = labelsOf([0, 1, 2, 0, 1]);

function wrapped() {
  const net = new LargeMarginModel(denseNet({inputs: 1}), {gamma: 1});
  net.compile({optimizer: 'sgd'});
  return net;
}

/** What a batch holds, to the end of it. */
function shown(data: EpochData, from: number, to: number): number[][] {
  const {inputs, rest} = data.batch(from, to);
  const values = [...inputs, ...rest].map(part => Array.from(part.dataSync()));
  tf.dispose([...inputs, ...rest]);
  return values;
}

describe('EpochData', () => {
  it('cuts batches in the order of the examples, the last one short', async () => {
    const net = wrapped();
    await expectNoLeakAsync(async () => {
      const data = await EpochData.of(net, x, y, {batchSize: 2});
      data.begin();
      expect(data.size).toBe(5);
      expect(shown(data, 0, 2)).toEqual([
        [0, 1],
        [1, 0, 0, 0, 1, 0],
      ]);
      expect(shown(data, 4, 5)).toEqual([[4], [0, 1, 0]]);
      data.dispose();
    });
  });

  it('cuts inputs, labels and weights alike in an order of its own', async () => {
    const net = wrapped();
    const weights = tf.tensor1d([10, 11, 12, 13, 14]);
    await expectNoLeakAsync(async () => {
      const data = await EpochData.of(net, x, y, {
        batchSize: 2,
        sampleWeight: weights,
        classWeight: {0: 1, 1: 2, 2: 3},
      });
      data.begin(new RandomStream(3));
      const order = [...permutation(5, new RandomStream(3))];
      const seen = [shown(data, 0, 3), shown(data, 3, 5)];
      expect(seen.flatMap(([inputs]) => inputs)).toEqual(order);
      // Labels are 0, 1, 2, 0, 1, and the weights of their classes 1, 2, 3.
      expect(seen.flatMap(parts => parts[2])).toEqual(order.map(i => (10 + i) * ((i % 3) + 1)));
      expect(seen.flatMap(parts => parts[1]).length).toBe(15);
      data.begin();
      expect(shown(data, 0, 5)[0]).toEqual([0, 1, 2, 3, 4]);
      data.dispose();
    });
    expect([x, y, weights].some(tensor => tensor.isDisposed)).toBe(false);
  });

  it('takes lists and records, and expands a column as tfjs does', async () => {
    const [a, b] = [input({shape: [1], name: 'a'}), input({shape: [1], name: 'b'})];
    const sum = layers.add().apply([a, b]) as typeof a;
    const net = model({inputs: [a, b], outputs: apply(dense('scores', 3), sum)});
    net.compile({optimizer: 'sgd', loss: 'meanSquaredError'});
    const flat = tf.tensor1d([5, 6, 7, 8, 9]);
    for (const inputs of [[x, flat], {a: x, b: flat}] as Data[]) {
      await expectNoLeakAsync(async () => {
        const data = await EpochData.of(net, inputs, [y], {batchSize: 5});
        expect(shown(data, 1, 3)).toEqual([
          [1, 2],
          [6, 7],
          [0, 1, 0, 0, 0, 1],
        ]);
        data.dispose();
      });
    }
    expect([x, y, flat].some(tensor => tensor.isDisposed)).toBe(false);
  });

  it('does not ask for the size of batches that a model is made for', async () => {
    const net = sequential({layers: [layers.dense({units: 3, batchInputShape: [2, 1]})]});
    net.compile({optimizer: 'sgd', loss: 'meanSquaredError'});
    const data = await EpochData.of(net, x, y, {batchSize: 2});
    expect(data.size).toBe(5);
    data.dispose();
  });

  it('refuses what the model refuses', async () => {
    const net = wrapped();
    const two = labelsOf([0, 1]);
    await expectRefusal(() => EpochData.of(net, x, two, {batchSize: 2}), 'labels');
  });
});

describe('checkValidation', () => {
  it('passes good data and leaves it to the caller', async () => {
    const net = wrapped();
    expect(await expectKept(() => checkValidation(net, {batchSize: 2}))).toBeUndefined();
    const validationData: [Data, Data] = [x, y];
    expect(await expectKept(() => checkValidation(net, {validationData, batchSize: 2}))).toBeUndefined();
    expect([x.isDisposed, y.isDisposed]).toEqual([false, false]);
  });

  it('refuses bad data', async () => {
    const net = wrapped();
    const bad = tf.tensor2d([[NaN]]);
    const validationData: [Data, Data] = [bad, labelsOf([0])];
    await expectRefusal(() => checkValidation(net, {validationData, batchSize: 2}), 'x', 'finite');
  });
});
