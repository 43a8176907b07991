import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {LargeMarginModel} from '../../plugin/index.js';
import {expectNoLeak} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {labelsOf, seeded} from '../support/tiny_models.js';

/** A normalization as people write it: mean and variance of the batch, in plain operations. */
class HandMadeNorm extends layers.Layer {
  static className = 'HandMadeNorm';
  override call(inputs: tf.Tensor | tf.Tensor[]) {
    return tf.tidy(() => {
      const x = [inputs].flat()[0];
      const {mean, variance} = tf.moments(x, 0, true);
      return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-3)));
    });
  }
}

/** Without a gradient in tfjs. */
class RunningProduct extends layers.Layer {
  static className = 'RunningProduct';
  override call(inputs: tf.Tensor | tf.Tensor[]) {
    return tf.tidy(() => tf.cumprod([inputs].flat()[0]));
  }
}

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0]);
const margin = {gamma: 1, gradient: 'firstOrder'} as const;

const netWith = (normalize: layers.Layer) =>
  seeded(
    sequential({
      layers: [
        layers.dense({units: 5, inputShape: [4]}),
        normalize,
        layers.reLU({name: 'relu'}),
        layers.dense({units: 3}),
      ],
    }),
  );

describe('a layer that mixes the examples of a batch', () => {
  beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}));
  afterEach(() => vi.restoreAllMocks());
  const warnings = () => vi.mocked(console.warn).mock.calls.map(([text]) => String(text));

  it('is named in one warning, on the first batch of two or more', () => {
    const model = new LargeMarginModel(netWith(new HandMadeNorm({name: 'by_hand'})), margin);
    const step = (size: number) =>
      expectNoLeak(() => tf.tidy(() => void model.computeLoss(x.slice(0, size), y.slice(0, size))));
    step(1);
    expect(warnings()).toEqual([]);
    step(6);
    step(6);
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toMatch(/by_hand mixes the examples of a batch.*batchNormalization/);
  });

  it('is looked for after what the loss refuses by its name', () => {
    const model = new LargeMarginModel(netWith(new RunningProduct({name: 'product'})), {gamma: 1});
    const step = () => tf.tidy(() => void model.computeLoss(x, y));
    expect(step).toThrow(/the operation Cumprod \(layer product\)/);
  });

  it("is not warned of where it is tfjs-layers' own, where it is meant, and at inference", () => {
    const run = (normalize: layers.Layer, options = {}, training = true) =>
      tf.tidy(() => {
        const model = new LargeMarginModel(netWith(normalize), {...margin, ...options});
        model.computeLoss(x, y, {training});
      });
    run(layers.batchNormalization());
    run(layers.layerNormalization());
    run(layers.dropout({rate: 0.5}));
    run(new HandMadeNorm({}), {batchStatistics: 'differentiated'});
    run(new HandMadeNorm({}), {}, false);
    // Before every margin layer it does no harm.
    run(new HandMadeNorm({}), {layers: ['relu']});
    expect(warnings()).toEqual([]);
  });
});
