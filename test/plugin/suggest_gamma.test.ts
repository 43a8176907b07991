import * as tf from '@tensorflow/tfjs-core';
import {input, layers, model as functional, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import {suggestGamma} from '../../plugin/suggest_gamma.js';
import type {Norm} from '../../src/index.js';
import {engineSnapshot, layersSnapshot} from '../support/engine_state.js';
import {expectClose} from '../support/expect_close.js';
import {expectNoLeak, expectRefusal} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {apply, dense, denseNet, labelsOf, seeded, weightsOf} from '../support/tiny_models.js';

const EXAMPLES = 9;
const x = randomTensor<tf.Tensor2D>([EXAMPLES, 4], 1);
const linear = denseNet({units: []});
const net = denseNet({units: [5, 4]});
const predictedBy = (model: LayersModel) =>
  tf.tidy(() => Array.from((model.predict(x) as tf.Tensor).argMax(1).dataSync()));
const indices = (labels: number[]) => tf.tensor1d(labels, 'int32');

/** Sorted distances of a linear net's right examples: gap / dual norm of the difference of two columns of W. */
function byHand(labels: number[], dualNorm: (row: number[]) => number): number[] {
  const [w, b] = linear.getWeights().map(t => t.arraySync()) as [number[][], number[]];
  const rows = x.arraySync();
  const distances = rows.map((row, example) => {
    const scores = b.map((bias, c) => row.reduce((sum, value, i) => sum + value * w[i][c], bias));
    const y = labels[example];
    const rivals = scores.map((_, c) => c).filter(c => c !== y);
    const rival = rivals.reduce((best, c) => (scores[c] > scores[best] ? c : best));
    return (scores[y] - scores[rival]) / dualNorm(w.map(column => column[y] - column[rival]));
  });
  return distances.filter(d => d > 0).sort((a, b) => a - b);
}

const sumOfPowers = (q: number) => (row: number[]) =>
  row.reduce((sum, v) => sum + Math.abs(v) ** q, 0) ** (1 / q);
const largest = (row: number[]) => Math.max(...row.map(Math.abs));

describe('suggestGamma', () => {
  // The dual of l1 is the maximum, of l2 itself, of linf the sum, of l3 l1.5.
  it.each<[Norm, (row: number[]) => number]>([
    ['l1', largest],
    ['l2', sumOfPowers(2)],
    ['linf', sumOfPowers(1)],
    [3, sumOfPowers(1.5)],
  ])('is a quantile of gap / dual norm of the right examples of a linear net: %s', (norm, dualNorm) => {
    const labels = predictedBy(linear);
    labels[0] = (labels[0] + 1) % 3; // one is wrong: eight are right
    const y = labelsOf(labels);
    const expected = byHand(labels, dualNorm);
    expect(expected).toHaveLength(EXAMPLES - 1);
    for (const [quantile, rank] of [
      [1e-9, 0],
      [0.25, 1],
      [0.26, 2],
      [0.5, 3],
      [1, 7],
    ]) {
      const [layer, ...others] = suggestGamma(linear, x, y, {norm, quantile});
      expect(others).toEqual([]);
      expect(layer).toEqual({name: 'input', gamma: layer.gamma, norm});
      expectClose([layer.gamma], [expected[rank]], 5e-6);
    }
    y.dispose();
  });

  it('takes three quarters of the examples by default, in l2', () => {
    const labels = predictedBy(linear);
    const y = indices(labels);
    // Of nine, the smallest that three quarters do not exceed is the seventh.
    const expected = byHand(labels, sumOfPowers(2))[6];
    expectClose([suggestGamma(linear, x, y)[0].gamma], [expected], 5e-6);
    y.dispose();
  });

  it('gives each margin layer its own gamma, whatever the batch size and the form of labels', () => {
    const labels = predictedBy(net);
    const [oneHot, sparse] = [labelsOf(labels), indices(labels)];
    const suggested = suggestGamma(net, x, oneHot, {batchSize: 4});
    expect(suggested.map(({name}) => name)).toEqual(['input', 'hidden1', 'hidden2']);
    expect(new Set(suggested.map(({gamma}) => gamma)).size).toBe(3);
    for (const args of [{batchSize: 1}, {batchSize: 100}, {}]) {
      const again = suggestGamma(net, x, sparse, args);
      const gammas = (list: typeof again) => list.map(({gamma}) => gamma);
      expectClose(gammas(again), gammas(suggested), 1e-5);
    }
    tf.dispose([oneHot, sparse]);
  });

  it('measures a LargeMarginModel at its own layers, by its own norms, scales and scores', () => {
    const options = {
      layers: [
        'output',
        {name: 'hidden1', norm: 'linf' as const, gamma: 7, weight: 0.5, scale: 'size' as const},
      ],
      ...{gamma: 3, norm: 'l1' as const, scores: 'probabilities' as const, epsilon: 1e-3},
    };
    const model = new LargeMarginModel(net, {...options, topK: 2, rivals: 'random', seed: 1});
    const y = indices(predictedBy(net));
    const suggested = suggestGamma(model, x, y, {quantile: 1});
    const distances = new LargeMarginModel(net, options).distances(x, y);
    const [output, hidden1] = ['output', 'hidden1'].map(name => Math.max(...distances[name].dataSync()));
    expectClose([suggested[0].gamma, suggested[1].gamma], [output, hidden1], 1e-6);
    expect(suggested).toEqual([
      {name: 'output', gamma: suggested[0].gamma, norm: 'l1'},
      {name: 'hidden1', gamma: suggested[1].gamma, norm: 'linf', weight: 0.5, scale: 'size'},
    ]);
    // What is said here comes before what the model says.
    const other = suggestGamma(model, x, y, {layers: ['hidden2', 'input'], norm: 'linf'});
    expect(other.map(({name, norm}) => `${name} ${norm}`)).toEqual(['hidden2 linf', 'input linf']);
    tf.dispose([y, distances]);
  });

  it('gives what the option layers takes', () => {
    const y = indices(predictedBy(net));
    const layers = suggestGamma(net, x, y, {norm: 'linf', quantile: 0.5});
    const model = new LargeMarginModel(net, {layers});
    expect(model.options.layers).toEqual(layers);
    const distances = model.distances(x, y);
    for (const {name, gamma} of layers) {
      // The fifth of nine is the median: four are nearer, four are farther.
      const values = Array.from(distances[name].dataSync());
      expect(values.filter(d => d < gamma * (1 - 1e-5))).toHaveLength(4);
      expect(values.filter(d => d > gamma * (1 + 1e-5))).toHaveLength(4);
    }
    tf.dispose([y, distances]);
  });

  it('takes one example, and many that are all the same', () => {
    const labels = predictedBy(linear);
    const expected = (count: number) => {
      const one = x.slice([0, 0], [1, 4]);
      const same = tf.tile(one, [count, 1]);
      const y = tf.fill([count], labels[0], 'int32');
      const [low, high] = [1e-6, 1].map(quantile => suggestGamma(linear, same, y, {quantile})[0].gamma);
      tf.dispose([one, same, y]);
      expectClose([low], [high], 1e-6);
      return low;
    };
    expectClose([expected(1)], [expected(7)], 1e-6);
  });

  it('measures the output that is named', () => {
    const inputs = input({shape: [4]});
    const hidden = apply(dense('hidden', 5, {activation: 'tanh'}), inputs);
    const outputs = [apply(dense('classes'), hidden), apply(dense('other', 2), hidden)];
    const model = seeded(functional({inputs, outputs}));
    const predicted = tf.tidy(() => (model.predict(x) as tf.Tensor[])[0].argMax(1).clone());
    const other = tf.zeros([EXAMPLES, 2]);
    const y = {classes: predicted, other};
    const alone = functional({inputs, outputs: outputs[0]});
    const args = {layers: ['hidden']};
    expect(suggestGamma(model, x, y, {...args, output: 'classes'})).toEqual(
      suggestGamma(alone, x, predicted, args),
    );
    tf.dispose(y);
  });

  it('leaves no tensor, and the model, its options and tfjs as they were', () => {
    const model = new LargeMarginModel(net, {gamma: 3, layers: ['hidden1']});
    const y = indices(predictedBy(net));
    const state = () => [
      weightsOf(net),
      layersSnapshot(net),
      engineSnapshot(),
      JSON.stringify(model.getConfig()),
    ];
    suggestGamma(model, x, y);
    const before = state();
    expectNoLeak(() => suggestGamma(model, x, y));
    expectNoLeak(() => suggestGamma(net, x, y, {batchSize: 2}));
    expect(state()).toEqual(before);
    y.dispose();
  });
});

describe('suggestGamma refuses', () => {
  const y = indices(predictedBy(net));
  const refusal = (f: () => unknown, argument: string, ...parts: Array<string | RegExp>) =>
    expectRefusal(f, argument, 'suggestGamma', ...parts);

  it('what is no model, unknown arguments and values out of range', async () => {
    const wrong = (args: object) => () => suggestGamma(net, x, y, args);
    await refusal(() => suggestGamma({} as never, x, y), 'model', 'tf.LayersModel');
    await refusal(() => suggestGamma(net, x, y, null as never), 'args', 'object');
    await refusal(wrong({quantil: 0.5}), 'args', /only the keys .*quantile.*got 'quantil'/);
    for (const quantile of [0, -1, 1.01, NaN, '0.5']) await refusal(wrong({quantile}), 'quantile', '(0, 1]');
    for (const batchSize of [0, 1.5]) await refusal(wrong({batchSize}), 'batchSize', 'integer > 0');
    await refusal(wrong({norm: 'l0'}), 'norm');
    await refusal(wrong({layers: ['hidden9']}), 'layers', 'hidden9', 'hidden2');
    await refusal(wrong({output: 'other'}), 'output', 'scores');
  });

  it('examples that do not fit, and labels that are none', async () => {
    const wide = tf.zeros([9, 5]);
    const broken = tf.fill([9, 4], NaN);
    const high = indices([0, 1, 2, 3, 0, 0, 0, 0, 0]);
    await refusal(() => suggestGamma(net, wide, y), 'x', '4');
    await refusal(() => suggestGamma(net, broken, y), 'x', 'finite');
    await refusal(() => suggestGamma(net, x, high), 'labels', 'example 3');
    await refusal(() => suggestGamma(net, x, undefined as never), 'labels');
    tf.dispose([wide, broken, high]);
  });

  it('a net that classifies no example rightly, with the advice to train it first', async () => {
    const wrong = indices(predictedBy(net).map(label => (label + 1) % 3));
    await refusal(() => suggestGamma(net, x, wrong), 'model', '0 of 9 examples', 'train it first');
    wrong.dispose();
    // All scores the same: a tie is not right.
    const flat = sequential({layers: [dense('scores', 3, {inputShape: [4], kernelInitializer: 'zeros'})]});
    await refusal(() => suggestGamma(flat, x, y), 'model', '0 of 9 examples');
  });

  it('distances that are not finite, by the name of the layer', async () => {
    const weights = net.getWeights();
    const broken = denseNet({units: [5, 4]});
    const kernel = tf.fill([5, 4], NaN);
    broken.setWeights([weights[0], weights[1], kernel, ...weights.slice(3)]);
    await refusal(
      () => suggestGamma(broken, x, y, {layers: ['hidden2']}),
      'model',
      'finite distances at layer hidden2',
      '9 of 9 examples',
    );
    kernel.dispose();
  });

  it('layers where the gap is flat, so that epsilon decides, and names the others', async () => {
    const dead = denseNet({units: [5, 4], activation: 'relu'});
    const weights = dead.getWeights();
    // hidden2 is 0 for every example: no gradient comes past it, and the biases decide the class.
    const bias = tf.fill([4], -100);
    dead.setWeights([weights[0], weights[1], weights[2], bias, weights[4], weights[5]]);
    const labels = indices(predictedBy(dead));
    const wanted = /where the gap .* has a gradient, got 'input, hidden1 \(flat.*; name others \(hidden2\)/;
    await refusal(() => suggestGamma(dead, x, labels), 'layers', wanted);
    expect(suggestGamma(dead, x, labels, {layers: ['hidden2']})[0].gamma).toBeGreaterThan(0);
    tf.dispose([bias, labels]);
  });

  it('by the share of epsilon, not by the size of the distance', async () => {
    // A net of two classes whose scores are 1000 apart: the slope c of the gap decides.
    const steep = (c: number) => {
      const model = sequential({layers: [layers.dense({units: 2, inputShape: [1], name: 'scores'})]});
      const values = [tf.tensor2d([[c / 2, -c / 2]]), tf.tensor1d([500, -500])];
      model.setWeights(values);
      tf.dispose(values);
      return model;
    };
    const [one, label] = [tf.zeros([1, 1]), indices([0])];
    // distance = 1000 / (c + 1e-6): at c = 1e-4 epsilon has 1 % of the divisor, at 1e-6 one half.
    const [{gamma}] = suggestGamma(steep(1e-4), one, label);
    expectClose([gamma], [1000 / 1.01e-4], 1e-4);
    const flat = steep(1e-6);
    await refusal(() => suggestGamma(flat, one, label), 'layers', 'input', 'take a smaller quantile');
    // A probability near 1 is flat; the logits behind it are not.
    const sure = new LargeMarginModel(steep(1), {gamma: 1, scores: 'probabilities'});
    await refusal(() => suggestGamma(sure, one, label), 'layers', "scores 'logits'");
    tf.dispose([one, label]);
  });
});
