import * as tf from '@tensorflow/tfjs-core';
import type {Classifier} from '../../src/types.js';
import {oneHotLabels} from '../../src/scores/labels.js';
import {randoms, randomTensor} from './randoms.js';

/** A small net that has learned a problem, with examples of it that it has not seen. */
export interface TrainedNet {
  /** The net; its logits are multiplied by `scale`, 1 unless given. */
  classifier(scale?: number): Classifier;
  /** [examples, 16] in [0, 1]. */
  x: tf.Tensor2D;
  /** True classes. */
  labels: Int32Array;
  dispose(): void;
}

const INPUTS = 16;
const HIDDEN = 48;
const TRAINING = 4000;
const STEPS = 400;
const BATCH = 100;

/**
 * Trains a net of two hidden layers, within seconds, to tell the classes that a smaller net, drawn at random, gives to
 * points of the unit cube.
 */
export function trainedNet({examples = 200, classes = 5, seed = 1} = {}): TrainedNet {
  const [seen, x] = [cube(TRAINING, seed + 2), cube(examples, seed + 3)];
  const truth = teacher(classes, seed);
  const weights = [INPUTS, HIDDEN, HIDDEN].map((inputs, i) => {
    const shape = [inputs, i < 2 ? HIDDEN : classes];
    return tf.variable(randomTensor(shape, seed + 10 + i, Math.sqrt(2 / inputs)));
  });
  const net: Classifier = points =>
    tf.tidy(() => {
      const start = tf.sub(points, 0.5) as tf.Tensor2D;
      return weights.reduce(
        (h, weight, i) => tf.matMul(i > 0 ? tf.relu(h) : h, weight as tf.Tensor2D),
        start,
      );
    });
  const labels = truth(x);
  learn(net, seen, truth(seen), classes);
  seen.dispose();
  return {
    classifier:
      (scale = 1) =>
      points =>
        tf.tidy(() => tf.mul(net(points), scale)),
    x,
    labels,
    dispose: () => tf.dispose([x, ...weights]),
  };
}

function learn(net: Classifier, x: tf.Tensor2D, labels: Int32Array, classes: number): void {
  const optimizer = tf.train.adam(5e-3);
  for (let step = 0; step < STEPS; step++) {
    const at = (step * BATCH) % TRAINING;
    optimizer.minimize(() => {
      const targets = oneHotLabels(labels.subarray(at, at + BATCH), classes);
      return tf.losses.softmaxCrossEntropy(targets, net(tf.slice(x, at, BATCH)));
    });
  }
  optimizer.dispose();
}

/** Points of the unit cube, uniformly by the arc tangent of normal numbers' quotients. */
function cube(count: number, seed: number): tf.Tensor2D {
  const size = count * INPUTS;
  const [a, b] = [randoms(size, seed), randoms(size, seed + 1000)];
  const values = a.map((value, i) => Math.atan2(value, b[i]) / (2 * Math.PI) + 0.5);
  return tf.tensor2d(values, [count, INPUTS]);
}

/** What is true: the strongest output of a net with weights drawn at random. */
function teacher(classes: number, seed: number): (x: tf.Tensor2D) => Int32Array {
  return x =>
    tf.tidy(() => {
      const first = randomTensor<tf.Tensor2D>([INPUTS, 12], seed);
      const second = randomTensor<tf.Tensor2D>([12, classes], seed + 1);
      const hidden = tf.relu(tf.matMul(tf.sub(x, 0.5) as tf.Tensor2D, first));
      return tf.argMax(tf.matMul(hidden, second), 1).dataSync<'int32'>() as Int32Array;
    });
}
