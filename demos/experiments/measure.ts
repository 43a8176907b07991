import * as tf from '@tensorflow/tfjs';
import {LargeMarginModel} from 'tfjs-large-margin';
import {take, toTensors, type Digits} from './data/mnist.js';

const MEASURED = 1000;

/** Logits of a net at inference. */
export function logitsOf(net: tf.LayersModel): (x: tf.Tensor4D) => tf.Tensor2D {
  return x => net.apply(x, {training: false}) as tf.Tensor2D;
}

/** Share of digits that a net gets right. */
export function accuracy(net: tf.LayersModel, digits: Digits, batchSize = 500): number {
  let right = 0;
  for (let start = 0; start < digits.size; start += batchSize) {
    const end = Math.min(start + batchSize, digits.size);
    const pixels = digits.pixels.subarray(start * 784, end * 784);
    const {x, y} = toTensors({pixels, labels: digits.labels.subarray(start, end), size: end - start});
    right += isRight(logitsOf(net), x, y).filter(Boolean).length;
    tf.dispose([x, y]);
  }
  return right / digits.size;
}

/**
 * Signed l2 distances of the first test pictures to their boundary, by layer. One ruler for all nets, however they
 * were trained: logits, the strongest rival.
 */
export function measureDistances(net: tf.LayersModel, test: Digits): Record<string, Float32Array> {
  const ruler = new LargeMarginModel(net, {gamma: 1, norm: 'l2'});
  const {x, y} = toTensors(take(test, MEASURED));
  const distances = ruler.distances(x, y, {batchSize: 250});
  const values = Object.entries(distances).map(([name, t]) => [name, t.dataSync() as Float32Array] as const);
  tf.dispose([x, y, distances]);
  return Object.fromEntries(values);
}

export function median(values: ArrayLike<number>): number {
  return Float64Array.from(values).sort()[Math.floor(values.length / 2)];
}

/** Which examples are classified right; a NaN among the logits is never right. */
export function isRight(logits: (x: tf.Tensor4D) => tf.Tensor2D, x: tf.Tensor4D, y: tf.Tensor2D): boolean[] {
  return tf.tidy(() => {
    const scores = logits(x);
    const hits = tf.equal(tf.argMax(scores, 1), tf.argMax(y, 1));
    return Array.from(tf.logicalAnd(hits, tf.all(tf.isFinite(scores), 1)).dataSync(), value => value === 1);
  });
}
