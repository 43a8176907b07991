import * as tf from '@tensorflow/tfjs-core';
import {layers, regularizers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {expect, it} from 'vitest';
import {flipLabels, readMnist, take, type Digits} from '../../../demos/experiments/data/mnist.js';
import {marginDistribution} from '../../../plugin/margin_distribution.js';
import type {LayerSignature} from '../../../src/evaluation/signature.js';
import {fitGapPredictor} from '../../../src/evaluation/signature_predictor.js';
import {oneHotLabels} from '../../../src/index.js';
import {seeded} from '../../support/tiny_models.js';

const STEPS = 600;
const BATCH = 50;

/** 14 x 14 pixels, each the mean of four. */
function small({pixels, labels, size}: Digits) {
  const x = tf.tidy(() => {
    const whole = tf.tensor4d(pixels.slice(), [size, 28, 28, 1]);
    return tf.reshape(tf.avgPool(whole, 2, 2, 'valid'), [size, 196]) as tf.Tensor2D;
  });
  return {x, labels: oneHotLabels(Int32Array.from(labels), 10)};
}

interface Kind {
  noise: number;
  units: number;
  decay: number;
  size: number;
}

const KINDS: Kind[] = [0, 0.15, 0.3].flatMap(noise =>
  [16, 64, 256].flatMap(units =>
    [0, 1e-3, 5e-3].flatMap(decay => [200, 500].map(size => ({noise, units, decay, size}))),
  ),
);

async function trained(kind: Kind, x: tf.Tensor2D, labels: tf.Tensor2D, seed: number): Promise<LayersModel> {
  const kernelRegularizer = kind.decay > 0 ? regularizers.l2({l2: kind.decay}) : undefined;
  const net = sequential({
    layers: [
      layers.dense({
        units: kind.units,
        activation: 'relu',
        inputShape: [196],
        name: 'hidden',
        kernelRegularizer,
      }),
      layers.dense({units: 10, activation: 'softmax', name: 'scores', kernelRegularizer}),
    ],
  });
  seeded(net, seed, 0.1);
  net.compile({optimizer: tf.train.adam(3e-3), loss: 'categoricalCrossentropy'});
  // Not shuffled: tfjs's shuffling has no seed, and the digits are in random order already.
  await net.fit(x, labels, {
    epochs: (STEPS * BATCH) / kind.size,
    batchSize: BATCH,
    shuffle: false,
    verbose: 0,
  });
  return net;
}

it('predicts the generalization gap of nets that it has not seen, from their margins on training data', async () => {
  const digits = readMnist(0);
  const test = small(take(digits.test, 2000));
  const signatures: LayerSignature[][] = [];
  const gaps: number[] = [];
  for (const [i, kind] of KINDS.entries()) {
    const start = i * kind.size;
    const part: Digits = {
      pixels: digits.train.pixels.subarray(784 * start, 784 * (start + kind.size)),
      labels: digits.train.labels.subarray(start, start + kind.size),
      size: kind.size,
    };
    const {x, labels} = small(flipLabels(part, kind.noise, i));
    const net = await trained(kind, x, labels, i + 1);
    const args = {trueDistance: false, batchSize: 500};
    const ofTraining = await marginDistribution(net, x, labels, args);
    const ofTest = await marginDistribution(net, test.x, test.labels, args);
    signatures.push(ofTraining.signature);
    gaps.push(ofTraining.accuracy - ofTest.accuracy);
    tf.dispose([x, labels]);
    net.dispose();
  }
  const report = (name: string, list: LayerSignature[][], transform: 'log' | 'none') => {
    const {r2, adjustedR2, kFoldR2} = fitGapPredictor(list, gaps, {transform});
    const shown = [r2, adjustedR2, kFoldR2].map(value => value.toFixed(3));
    console.log(`${name}: R2 ${shown[0]}, adjusted ${shown[1]}, 10-fold ${shown[2]}`);
    return kFoldR2;
  };
  console.log(
    `${KINDS.length} nets, gaps ${Math.min(...gaps).toFixed(3)} to ${Math.max(...gaps).toFixed(3)}: ` +
      gaps.map(gap => gap.toFixed(2)).join(' '),
  );
  const both = report('input + hidden, log', signatures, 'log');
  report('input + hidden, linear', signatures, 'none');
  report(
    'input alone, log',
    signatures.map(([input]) => [input]),
    'log',
  );
  report(
    'hidden alone, log',
    signatures.map(([, hidden]) => [hidden]),
    'log',
  );
  // The mean of all gaps has 0.
  expect(both).toBeGreaterThan(0.2);
  tf.dispose([test.x, test.labels]);
});
