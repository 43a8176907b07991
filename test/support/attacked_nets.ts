import {
  argMax,
  expandDims,
  keep,
  matMul,
  mul,
  reshape,
  sum,
  tanh,
  tidy,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import {afterAll} from 'vitest';
import type {Classifier} from '../../src/index.js';
import {randomTensor} from './randoms.js';

/** Tensors for a whole test file, disposed of after it. */
export function forThisFile<T extends Tensor>(x: T): T {
  afterAll(() => x.dispose());
  return keep(x);
}

/**
 * A net of one hidden layer in which no example depends on another, bit for bit: products and sums row by row, where a
 * matrix product may add up in another order for another number of rows.
 */
export function rowWiseNet(size: number, classes: number, seed: number, scale = 1): Classifier {
  const hidden = 8;
  const first = forThisFile(randomTensor([1, hidden, size], seed));
  const second = forThisFile(randomTensor([1, classes, hidden], seed + 1, scale));
  const layer = (x: Tensor, weights: Tensor) => sum(mul(expandDims(x, 1), weights), 2);
  return x => tidy(() => layer(tanh(layer(reshape(x, [x.shape[0], size]), first)), second));
}

/** The classifier W x + b, W [size, classes]. */
export function linearNet(weights: Tensor2D): Classifier {
  const w = forThisFile(weights);
  return x => tidy(() => matMul(reshape(x, [x.shape[0], -1]) as Tensor2D, w));
}

/** A classifier that counts how often it is called, and with how many examples. */
export function counted(classifier: Classifier): Classifier & {sizes: number[]} {
  const sizes: number[] = [];
  const counting = (x: Tensor) => {
    sizes.push(x.shape[0]);
    return classifier(x);
  };
  return Object.assign(counting, {sizes});
}

/** The classes that a classifier gives to inputs. */
export function classesOf(classifier: Classifier, x: Tensor): number[] {
  return tidy(() => Array.from(argMax(classifier(x), 1).dataSync()));
}
