import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import {suspectLabels} from '../../plugin/suspect_labels.js';
import {expectClose} from '../support/expect_close.js';
import {expectNoLeakAsync, expectRefusal} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {denseNet, labelsOf} from '../support/tiny_models.js';

const EXAMPLES = 12;
const x = randomTensor<tf.Tensor2D>([EXAMPLES, 4], 1);
const net = denseNet({units: [6]});
const predicted = tf.tidy(() => Array.from(tf.argMax(net.predict(x) as tf.Tensor, 1).dataSync()));
const planted = predicted.map((_, i) => i === 3 || i === 7);
const labels = tf.tensor1d(
  predicted.map((label, i) => (planted[i] ? (label + 1) % 3 : label)),
  'int32',
);

describe('suspectLabels', () => {
  it.each([
    ['input', 'l2'],
    ['hidden1', 'linf'],
    ['output', 'l1'],
  ] as const)('ranks by the distance to the boundary of the given label: %s, %s', async (layer, norm) => {
    const model = new LargeMarginModel(net, {gamma: 1, layers: [layer], norm, gradient: 'firstOrder'});
    const distances = model.distances(x, labels);
    const expected = Array.from(distances[layer].dataSync());
    const ranking = await expectNoLeakAsync(() => suspectLabels(net, x, labels, {layer, norm, batchSize: 5}));
    const order = [...expected.keys()].sort((a, b) => expected[a] - expected[b]);
    expect(ranking.places).toEqual(order);
    expectClose(
      ranking.values,
      order.map(place => expected[place]),
      1e-5,
    );
    expect(ranking.nonFinite).toEqual([]);
    expect('precision' in ranking).toBe(false);
    // The planted ones are on the wrong side, all others on the right one.
    expect(new Set(ranking.places.slice(0, 2))).toEqual(new Set([3, 7]));
    expect(ranking.values.filter(value => value < 0)).toHaveLength(2);
    tf.dispose(distances);
  });

  it('measures at the input in l2 unless told otherwise, and a LargeMarginModel in its norm', async () => {
    const plain = await suspectLabels(net, x, labels);
    expect(plain).toEqual(await suspectLabels(net, x, labels, {layer: 'input', norm: 'l2', by: 'distance'}));
    const model = new LargeMarginModel(net, {gamma: 1, norm: 'linf', layers: ['hidden1']});
    expect(await suspectLabels(model, x, labels)).toEqual(
      await suspectLabels(net, x, labels, {norm: 'linf'}),
    );
  });

  it('ranks by cross-entropy, the largest first', async () => {
    const {places, values} = await suspectLabels(net, x, labels, {by: 'crossEntropy'});
    const probabilities = (net.predict(x) as tf.Tensor).arraySync() as number[][];
    const losses = Array.from(labels.dataSync()).map((label, i) => -Math.log(probabilities[i][label]));
    const order = [...losses.keys()].sort((a, b) => losses[b] - losses[a]);
    expect(places).toEqual(order);
    expectClose(
      values,
      order.map(place => -losses[place]),
      1e-5,
    );
  });

  it('counts how many of the first are planted', async () => {
    const found = await suspectLabels(net, x, labels, {planted});
    expect(found.precision).toEqual({k: 2, caught: 2, precision: 1});
    const asNumbers = planted.map(Number);
    const more = await suspectLabels(net, x, labels, {planted: asNumbers, k: 8});
    expect(more.precision).toEqual({k: 8, caught: 2, precision: 0.25});
  });

  it('takes one-hot labels', async () => {
    const oneHot = labelsOf(Array.from(labels.dataSync()));
    expect(await suspectLabels(net, x, oneHot)).toEqual(await suspectLabels(net, x, labels));
    oneHot.dispose();
  });

  it('sets apart examples of which a broken net says nothing', async () => {
    const broken = denseNet({units: [6]});
    const weights = broken.getWeights();
    broken.setWeights([...weights.slice(0, 3), tf.fill([3], NaN)]);
    const by = ['distance', 'crossEntropy'] as const;
    for (const kind of by) {
      const {places, nonFinite, precision} = await suspectLabels(broken, x, labels, {by: kind, planted});
      expect(places).toEqual([]);
      expect(nonFinite).toHaveLength(EXAMPLES);
      expect(precision).toEqual({k: 2, caught: 0, precision: 0});
    }
  });
});

describe('suspectLabels refuses', () => {
  const wrong = (args: unknown) => () => suspectLabels(net, x, labels, args as object);
  const refusal = (f: () => unknown, argument: string, ...parts: Array<string | RegExp>) =>
    expectRefusal(f, argument, 'suspectLabels', ...parts);

  it('what is no model, unknown arguments and values out of range', async () => {
    await refusal(() => suspectLabels({} as never, x, labels), 'model', 'tf.LayersModel');
    await refusal(wrong(null), 'args', 'object');
    await refusal(wrong({truth: []}), 'args', 'only the keys', 'truth');
    await refusal(wrong({by: 'loss'}), 'by', "'crossEntropy'");
    await refusal(wrong({layer: 'hidden9'}), 'layers', 'hidden9');
    await refusal(wrong({layer: ['input']}), 'layer', 'name of a layer');
    await refusal(wrong({norm: 'l0'}), 'norm');
    await refusal(wrong({batchSize: 1.5}), 'batchSize', 'integer >= 1');
    const deep = denseNet({units: [5, 4]});
    await refusal(() => suspectLabels(deep, x, labels, {layer: 'hidden'}), 'layer', 'one layer', 'hidden2');
  });

  it('planted flags that do not fit', async () => {
    await refusal(wrong({planted: planted.slice(1)}), 'planted', 'to be 12 flags');
    await refusal(wrong({planted: planted.map(() => false)}), 'planted', 'at least one');
    await refusal(wrong({planted: planted.map(Number).map(v => 2 * v)}), 'planted', 'example 3');
    await refusal(wrong({planted, k: 13}), 'k', '1..12');
    await refusal(wrong({k: 3}), 'k', 'planted');
  });

  it('examples that do not fit, and labels that are none', async () => {
    const wide = tf.zeros([EXAMPLES, 5]);
    await refusal(() => suspectLabels(net, wide, labels), 'x', '4');
    await refusal(() => suspectLabels(net, x, wide), 'labels');
    wide.dispose();
  });
});
