import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {RandomStream} from 'tfjs-large-margin';
import {flipLabels, permutation, readMnist, take} from '../../../demos/experiments/data/mnist.js';
import {LargeMarginModel} from '../../../plugin/large_margin_model.js';
import {suspectLabels, type SuspectLabelsArgs} from '../../../plugin/suspect_labels.js';
import {oneHotLabels} from '../../../src/index.js';
import {seeded} from '../../support/tiny_models.js';

/** Pictures of which some labels are wrong, and which ones. */
export interface NoisyDigits {
  x: tf.Tensor4D;
  /** One-hot, as given. */
  labels: tf.Tensor2D;
  planted: boolean[];
}

/** The first pictures of a permutation of MNIST's training set, each label flipped with this probability to another. */
export function noisyDigits(size: number, share: number, seed: number): NoisyDigits {
  const digits = take(readMnist(seed).train, size);
  const noisy = flipLabels(digits, share, seed + 1);
  return {
    x: tf.tensor4d(digits.pixels.slice(), [size, 28, 28, 1]),
    labels: oneHotLabels(Int32Array.from(noisy.labels), 10),
    planted: Array.from(noisy.labels, (label, i) => label !== digits.labels[i]),
  };
}

/** Two strided convolutions of 8 and 16 filters, a dense layer of 64, and the logits. */
export function smallNet(seed: number): LayersModel {
  const conv = (name: string, filters: number, rest = {}) =>
    layers.conv2d({name, filters, kernelSize: 5, strides: 2, activation: 'relu', padding: 'same', ...rest});
  const net = sequential({
    layers: [
      conv('conv1', 8, {inputShape: [28, 28, 1]}),
      conv('conv2', 16),
      layers.flatten(),
      layers.dense({name: 'dense', units: 64, activation: 'relu'}),
      layers.dense({name: 'logits', units: 10}),
    ],
  });
  return seeded(net, seed, 0.06);
}

export type Training = 'cross-entropy' | 'large margin';

/** A net that is compiled for either training, and what it trains by. */
function compiled(training: Training, seed: number): {net: LayersModel; model: LayersModel} {
  const net = smallNet(seed);
  const optimizer = tf.train.adam(1e-3);
  if (training === 'cross-entropy') {
    const loss = (labels: tf.Tensor, logits: tf.Tensor) => tf.losses.softmaxCrossEntropy(labels, logits);
    net.compile({optimizer, loss});
    return {net, model: net};
  }
  const model = new LargeMarginModel(net, {gamma: 1, layers: ['input', 'conv1', 'conv2'], seed});
  model.compile({optimizer});
  return {net, model};
}

/** Trains a net on the labels as they are, and stops after each of these numbers of epochs to have it looked at. */
export async function trainNoisy(
  training: Training,
  {x, labels}: Pick<NoisyDigits, 'x' | 'labels'>,
  epochs: number[],
  seed: number,
  look: (net: LayersModel, epochs: number) => Promise<void>,
): Promise<void> {
  const {net, model} = compiled(training, seed);
  const random = new RandomStream(seed);
  for (let epoch = 1; epoch <= Math.max(...epochs); epoch++) {
    // tfjs's own shuffling has no seed.
    const order = Array.from(permutation(x.shape[0], random));
    const [xs, ys] = [x, labels].map(t => tf.gather(t, order));
    await model.fit(xs, ys, {epochs: 1, batchSize: 64, shuffle: false, verbose: 0});
    tf.dispose([xs, ys]);
    if (epochs.includes(epoch)) await look(net, epoch);
  }
  model.dispose();
}

/** What examples are ranked by, the control last. */
export const RANKINGS: Record<string, SuspectLabelsArgs> = {
  'input l2': {layer: 'input'},
  'input linf': {layer: 'input', norm: 'linf'},
  'input l1': {layer: 'input', norm: 'l1'},
  'conv1 l2': {layer: 'conv1'},
  'conv2 l2': {layer: 'conv2'},
  'dense l2': {layer: 'dense'},
  'gap of logits': {layer: 'output'},
  'cross-entropy (control)': {by: 'crossEntropy'},
};

/** Precision at as many as are planted, by ranking. */
export async function precisions(
  net: LayersModel,
  {x, labels, planted}: NoisyDigits,
  rankings: string[] = Object.keys(RANKINGS),
): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const name of rankings) {
    const {precision} = await suspectLabels(net, x, labels, {...RANKINGS[name], planted, batchSize: 500});
    found[name] = precision!.precision;
  }
  return found;
}
