import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import {marginDistribution} from '../../plugin/margin_distribution.js';
import {engineSnapshot, layersSnapshot} from '../support/engine_state.js';
import {expectClose, worstRelative} from '../support/expect_close.js';
import {expectNoLeakAsync, expectRefusal} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {denseNet, labelsOf, weightsOf} from '../support/tiny_models.js';

const EXAMPLES = 40;
const x = randomTensor<tf.Tensor2D>([EXAMPLES, 4], 1);
const net = denseNet({units: [6, 5], activation: 'relu'});
const labels = tf.tidy(() => {
  const predicted = Array.from(tf.argMax(net.predict(x) as tf.Tensor, 1).dataSync());
  // Every fifth is wrong.
  return tf.tensor1d(
    predicted.map((label, i) => (i % 5 === 0 ? (label + 1) % 3 : label)),
    'int32',
  );
});

describe('marginDistribution', () => {
  it('describes the distances that a LargeMarginModel measures, with its gammas', async () => {
    const layers = ['input', {name: 'hidden2', gamma: 0.5, norm: 'linf' as const}];
    const model = new LargeMarginModel(net, {gamma: 2, layers, clip: 1.5, gradient: 'firstOrder'});
    const run = () => marginDistribution(model, x, labels, {bins: 7});
    const distribution = await expectNoLeakAsync(run);
    expect(distribution.examples).toBe(EXAMPLES);
    expect(distribution.accuracy).toBe(0.8);
    const distances = model.distances(x, labels);
    const gammas = {input: 2, hidden2: 0.5};
    for (const layer of distribution.layers) {
      const values = Array.from(distances[layer.name].dataSync()).sort((a, b) => a - b);
      const gamma = gammas[layer.name as 'input'];
      expectClose([layer.quantiles[50]], [(values[19] + values[20]) / 2], 1e-5);
      expect(layer).toMatchObject({gamma, wrong: 0.2, nonFinite: 0});
      expect(layer.reached).toBe(values.filter(d => d >= gamma).length / EXAMPLES);
      expect(layer.clipped).toBe(values.filter(d => d <= -0.5 * gamma).length / EXAMPLES);
      expect(layer.histogram.counts).toHaveLength(7);
    }
    expect(distribution.layers.map(({norm}) => norm)).toEqual(['l2', 'linf']);
    tf.dispose(distances);
  });

  it('compares linear with true distances for examples spread over all, at every layer', async () => {
    const {layers} = await marginDistribution(net, x, labels, {trueDistance: {examples: 8}});
    expect(layers.map(({name}) => name)).toEqual(['input', 'hidden1', 'hidden2']);
    for (const {trueDistances} of layers) {
      expect(trueDistances!.places).toEqual([0, 5, 10, 15, 20, 25, 30, 35]);
      expect(trueDistances!.examples + trueDistances!.nonFinite).toBe(8);
    }
    // After the last hidden layer the net is linear: no true distance is longer, a third class may make it shorter.
    const {estimates, found} = layers[2].trueDistances!;
    const ratios = found.map((distance, i) => distance / estimates[i]).filter((_, i) => estimates[i] > 0);
    expect(Math.max(0, ...ratios)).toBeLessThan(1 + 1e-4);
    const all = await marginDistribution(net, x, labels);
    expect(all.layers[0].trueDistances!.places).toHaveLength(EXAMPLES);
    const none = await marginDistribution(net, x, labels, {trueDistance: false});
    expect(none.layers.some(layer => 'trueDistances' in layer)).toBe(false);
  });

  it('has a signature that does not change when a layer is scaled by c and the next by 1 / c', async () => {
    const scaled = denseNet({units: [6, 5], activation: 'relu'});
    const c = 8;
    const weights = scaled.getWeights().map((w, i) => (i < 2 ? tf.mul(w, c) : i === 2 ? tf.div(w, c) : w));
    scaled.setWeights(weights);
    const args = {trueDistance: false, epsilon: 1e-9};
    const [one, other] = [
      await marginDistribution(net, x, labels, args),
      await marginDistribution(scaled, x, labels, args),
    ];
    expectClose([other.layers[1].quantiles[50]], [c * one.layers[1].quantiles[50]], 1e-5);
    expectClose([other.layers[1].totalVariation], [c * c * one.layers[1].totalVariation], 1e-5);
    one.signature.forEach((signature, i) => {
      const numbers = ({q1, median, q3, lowerFence, upperFence}: typeof signature) => [
        ...[lowerFence, q1, median, q3, upperFence],
      ];
      expect(signature.margins).toBe(32);
      expect(worstRelative(numbers(other.signature[i]), numbers(signature), 1e-6)).toBeLessThan(2e-5);
    });
  });

  it('takes one-hot labels and class indices, and any batch size', async () => {
    const oneHot = labelsOf(Array.from(labels.dataSync()));
    const expected = await marginDistribution(net, x, labels, {trueDistance: false});
    const same = await marginDistribution(net, x, oneHot, {trueDistance: false, batchSize: 7});
    const numbers = (d: typeof expected) => d.layers.flatMap(l => Object.values(l.quantiles));
    expectClose(numbers(same), numbers(expected), 1e-5);
    oneHot.dispose();
  });

  it('counts what is not finite, and goes on', async () => {
    const broken = denseNet({units: [6, 5], activation: 'relu'});
    const weights = broken.getWeights();
    broken.setWeights([...weights.slice(0, 4), tf.fill([5, 3], NaN), weights[5]]);
    const {layers, accuracy, signature} = await marginDistribution(broken, x, labels, {layers: ['input']});
    expect(accuracy).toBe(0);
    expect(layers[0]).toMatchObject({nonFinite: EXAMPLES, wrong: 0});
    expect(layers[0].quantiles[50]).toBeNaN();
    expect(layers[0].trueDistances).toMatchObject({examples: 0, nonFinite: EXAMPLES});
    expect(signature[0]).toMatchObject({margins: 0, median: NaN});
  });

  it('says where epsilon decides: a gap without a gradient', async () => {
    const dead = denseNet({units: [6, 5], activation: 'relu'});
    const weights = dead.getWeights();
    dead.setWeights([...weights.slice(0, 3), tf.fill([5], -100), ...weights.slice(4)]);
    const {layers} = await marginDistribution(dead, x, labels);
    const [input, hidden1, hidden2] = layers;
    expect([input.flat, hidden1.flat, hidden2.flat]).toEqual([1, 1, 0]);
    // Nothing moves: the class never changes.
    expect(input.trueDistances).toMatchObject({unreached: 1, within10Percent: 0});
    // A layer that is always 0 has no variation to divide by.
    expect(layers[2].totalVariation).toBe(0);
  });

  it('leaves the model and tfjs as they were, also where x is disposed of before it is done', async () => {
    const state = () => [weightsOf(net), layersSnapshot(net), engineSnapshot()];
    await marginDistribution(net, x, labels);
    const before = state();
    const expected = await marginDistribution(net, x, labels, {batchSize: 10});
    const copy = tf.clone(x);
    const going = marginDistribution(net, copy, labels, {batchSize: 10});
    copy.dispose();
    expect(await going).toEqual(expected);
    expect(state()).toEqual(before);
  });
});

describe('marginDistribution refuses', () => {
  const wrong = (args: unknown) => () => marginDistribution(net, x, labels, args as object);
  const refusal = (f: () => unknown, argument: string, ...parts: Array<string | RegExp>) =>
    expectRefusal(f, argument, 'marginDistribution', ...parts);

  it('what is no model, unknown arguments and values out of range', async () => {
    await refusal(() => marginDistribution({} as never, x, labels), 'model', 'tf.LayersModel');
    await refusal(wrong(null), 'args', 'object');
    await refusal(wrong({layer: 'input'}), 'args', /only the keys .*layers.*got 'layer'/);
    for (const bins of [0, 2.5]) await refusal(wrong({bins}), 'bins', 'integer >= 1');
    await refusal(wrong({batchSize: 0}), 'batchSize', 'integer >= 1');
    await refusal(wrong({margins: 'negative'}), 'margins', "'positive'");
    await refusal(wrong({epsilon: -1}), 'epsilon');
    await refusal(wrong({norm: 'l0'}), 'norm');
    await refusal(wrong({layers: ['hidden9']}), 'layers', 'hidden9');
    await refusal(wrong({output: 'other'}), 'output', 'scores');
  });

  it('a search for true distances that cannot be', async () => {
    const search = (trueDistance: unknown) => wrong({trueDistance});
    await refusal(search('yes'), 'trueDistance', 'true, false');
    await refusal(search(null), 'trueDistance');
    await refusal(search({steps: 3}), 'trueDistance', 'only the keys', 'steps');
    await refusal(search({examples: 0}), 'trueDistance.examples');
    for (const limit of [0.5, Infinity]) await refusal(search({limit}), 'trueDistance.limit');
    for (const bounds of [[1, 0], [0], [0, NaN], 'all'])
      await refusal(search({bounds}), 'trueDistance.bounds', 'low < high');
  });

  it('examples outside the bounds that their lines are to be clipped to', async () => {
    await refusal(wrong({trueDistance: {bounds: [0, 1]}}), 'x', /bounds \[0, 1\]/);
    // 0.1 in float32 is more than 0.1: it lies in the bounds all the same.
    const edge = tf.fill([EXAMPLES, 4], 0.1);
    const {layers} = await marginDistribution(net, edge, labels, {trueDistance: {bounds: [-1, 0.1]}});
    expect(layers[0].trueDistances!.places.length).toBe(EXAMPLES);
    edge.dispose();
  });

  it('examples that do not fit, and labels that are none', async () => {
    const wide = tf.zeros([EXAMPLES, 5]);
    const broken = tf.fill([EXAMPLES, 4], NaN);
    const high = tf.fill([EXAMPLES], 3, 'int32');
    await refusal(() => marginDistribution(net, wide, labels), 'x', '4');
    await refusal(() => marginDistribution(net, broken, labels), 'x', 'finite');
    await refusal(() => marginDistribution(net, x, high), 'labels', 'example 0');
    await refusal(() => marginDistribution(net, x, undefined as never), 'labels');
    tf.dispose([wide, broken, high]);
  });
});
