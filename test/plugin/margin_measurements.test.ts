import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import {
  measureMargins,
  measureTrueDistances,
  measureVariation,
  type Examples,
} from '../../plugin/margin_measurements.js';
import {planMeasuring} from '../../plugin/measuring_plan.js';
import {expectClose, worstRelative} from '../support/expect_close.js';
import {errorOf, expectNoLeakAsync} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {convNet, denseNet, labelsOf} from '../support/tiny_models.js';

const indices = Int32Array.from({length: 9}, (_, i) => i % 3);
const examples = (x: tf.Tensor, batchSize = 4): Examples => ({xs: [x], labels: indices, batchSize});
const x = randomTensor([9, 4], 1);
const pictures = randomTensor([9, 6, 6, 2], 2);
const everyPlace = Array.from(indices.keys());

describe('measureMargins', () => {
  it.each<[string, LayersModel, tf.Tensor]>([
    ['dense', denseNet({units: [5, 4]}), x],
    ['convolutional', convNet(), pictures],
  ])('measures what LargeMarginModel.distances does, whatever the batches: %s', async (_, net, x) => {
    const model = new LargeMarginModel(net, {gamma: 1, norm: 'linf', gradient: 'firstOrder'});
    const labels = labelsOf(Array.from(indices));
    const expected = model.distances(x, labels);
    for (const batchSize of [1, 4, 9]) {
      const measuring = planMeasuring('test', model, {});
      const run = () => measureMargins('test', measuring, examples(x, batchSize));
      const {layers, logits} = await expectNoLeakAsync(run);
      for (const {name} of measuring.plan.layers)
        expectClose(layers[name].distances, expected[name].dataSync(), 1e-5);
      const probabilities = (net.predict(x) as tf.Tensor).dataSync();
      expectClose(tf.softmax(tf.tensor2d(logits, [9, 3])).dataSync(), probabilities, 1e-6);
    }
  });

  it('gives as denominator what the gap is divided by', async () => {
    const measuring = planMeasuring('test', denseNet({units: []}), {norm: 'linf', epsilon: 0.25});
    const {layers, logits} = await measureMargins('test', measuring, examples(x));
    const {distances, denominators} = layers.input;
    const gaps = everyPlace.map(i => {
      const row = Array.from(logits.subarray(3 * i, 3 * i + 3));
      const own = row.splice(indices[i], 1)[0];
      return own - Math.max(...row);
    });
    expectClose(
      distances.map((d, i) => d * denominators[i]),
      gaps,
      1e-5,
    );
  });

  it('leaves no tensor behind when a layer throws', async () => {
    const net = denseNet();
    const measuring = planMeasuring('test', net, {});
    const scores = net.getLayer('scores');
    const original = scores.call;
    let calls = 0;
    scores.call = function (...args) {
      if (++calls === 2) throw new Error('planted');
      return original.apply(this, args);
    };
    const before = tf.memory().numTensors;
    expect(String(await errorOf(() => measureMargins('test', measuring, examples(x))))).toMatch('planted');
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('measureVariation', () => {
  it('is the sum of the variances of all units of a layer, whatever the batches', async () => {
    const net = convNet();
    const measuring = planMeasuring('test', net, {layers: ['input', 'conv1', 'output']});
    const variance = (t: tf.Tensor) => tf.sum(tf.moments(t, 0).variance).dataSync()[0];
    for (const batchSize of [2, 9]) {
      const run = () => measureVariation(measuring, examples(pictures, batchSize));
      const variations = await expectNoLeakAsync(run);
      expect(Object.keys(variations)).toEqual(['input', 'conv1', 'output']);
      expectClose([variations.input], [variance(pictures)], 1e-5);
      const conv1 = net.getLayer('conv1').call(pictures, {}) as tf.Tensor;
      expectClose([variations.conv1], [variance(conv1)], 1e-5);
    }
  });
});

describe('measureTrueDistances', () => {
  it('agrees with linear distances where a net is linear from there on, in every norm and scale', async () => {
    // Two classes: no third one comes before the rival.
    const net = denseNet({units: [5], classes: 2});
    for (const norm of ['l1', 'l2', 'linf', 3] as const) {
      const layers = ['hidden1', {name: 'output', scale: 2}];
      const model = new LargeMarginModel(net, {
        gamma: 1,
        layers,
        norm,
        scale: 'size',
        gradient: 'firstOrder',
      });
      const measuring = planMeasuring('test', model, {});
      const data = {...examples(x), labels: indices.map(label => label % 2)};
      const following = {places: everyPlace, limit: 4};
      const found = await expectNoLeakAsync(() => measureTrueDistances('test', measuring, data, following));
      const {layers: measured} = await measureMargins('test', measuring, data);
      for (const name of ['hidden1', 'output']) {
        expectClose(found[name].estimates, measured[name].distances, 1e-5);
        expect(worstRelative(found[name].found, found[name].estimates, 1e-3)).toBeLessThan(5e-5);
      }
    }
  });

  it('finds at the input where the class of the whole net changes', async () => {
    const net = denseNet({units: [6]});
    const measuring = planMeasuring('test', net, {layers: 'input'});
    const {input} = await measureTrueDistances('test', measuring, examples(x), {
      places: [1, 4, 8],
      limit: 16,
    });
    expect(input.places).toEqual([1, 4, 8]);
    const gradientOf = (i: number) => {
      const label = indices[i];
      const logits = (x: tf.Tensor) => {
        const [w1, b1, w2, b2] = net.getWeights() as tf.Tensor2D[];
        return tf.add(tf.matMul(tf.tanh(tf.add(tf.matMul(x as tf.Tensor2D, w1), b1)) as tf.Tensor2D, w2), b2);
      };
      const at = tf.slice(x, i, 1);
      const row = Array.from(logits(at).dataSync());
      const rival = [0, 1, 2].filter(c => c !== label).reduce((best, c) => (row[c] > row[best] ? c : best));
      const pick = tf.sub(tf.oneHot([label], 3), tf.oneHot([rival], 3));
      const gradient = tf.grad((x: tf.Tensor) => tf.sum(tf.mul(logits(x), pick)))(at);
      const isRight = (t: number) => {
        const moved = logits(tf.sub(at, tf.mul(t, tf.div(gradient, tf.norm(gradient))))).dataSync();
        return moved.every((value, c) => c === label || value < moved[label]);
      };
      return isRight;
    };
    [1, 4, 8].forEach((place, i) => {
      const [isRight, distance] = [gradientOf(place), input.found[i]];
      if (!Number.isFinite(distance)) {
        for (let k = 0; k <= 50; k++) expect(isRight((k / 50) * 16 * input.estimates[i])).toBe(distance > 0);
        return;
      }
      // The class is another one on either side of the place that was found.
      expect(isRight(distance * (1 - 1e-3))).toBe(distance > 0);
      expect(isRight(distance * (1 + 1e-3))).toBe(distance < 0);
    });
  });

  it('clips at the input only', async () => {
    const net = denseNet({units: [5], classes: 2});
    const measuring = planMeasuring('test', net, {layers: ['input', 'hidden1'], norm: 'linf'});
    const data = {...examples(tf.clipByValue(x, 0, 1)), labels: indices.map(label => label % 2)};
    const following = {places: everyPlace, limit: 16};
    const run = (bounds?: [number, number]) =>
      measureTrueDistances('test', measuring, data, {...following, bounds});
    const [free, bounded] = [await run(), await expectNoLeakAsync(() => run([0, 1]))];
    expect(bounded.hidden1.found).toEqual(free.hidden1.found);
    const lengths = bounded.input.found.filter(Number.isFinite).map(Math.abs);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(1);
    expect(bounded.input.found).not.toEqual(free.input.found);
  });
});
