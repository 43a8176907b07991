import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {foldedWalk} from '../../../src/distance/folded_walk.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {taped} from '../../support/taped.js';

const x = randomTensor<tf.Tensor2D>([5, 4], 1);
const w = randomTensor<tf.Tensor2D>([4, 4], 2);
const v = randomTensor<tf.Tensor2D>([4, 3], 3);
const bias = randomTensor<tf.Tensor1D>([4], 4);
const mask = tf.tensor2d([1, 0, 2, 1], [1, 4]);
const directions = [1, 2, 3].map(seed => randomTensor<tf.Tensor2D>([5, 3], 10 + seed));

type Hidden = (x: tf.Tensor2D) => tf.Tensor;
const dense = (x: tf.Tensor) => tf.add(tf.matMul(x as tf.Tensor2D, w), bias);
const resnet: Hidden = x => {
  const h = tf.relu(dense(x));
  return tf.add(h, tf.tanh(dense(h)));
};

const foldable: Record<string, Hidden> = {
  nothing: x => x,
  matMul: x => tf.matMul(x, w),
  'matMul, transposed': x => tf.matMul(x, w, false, true),
  bias: dense,
  relu: x => tf.relu(dense(x)),
  tanh: x => tf.tanh(dense(x)),
  sigmoid: x => tf.sigmoid(dense(x)),
  softplus: x => tf.softplus(dense(x)),
  softmax: x => tf.softmax(dense(x)),
  'a mask, as dropout has': x => tf.mul(mask, tf.mul(dense(x), mask)),
  reshapes: x => tf.reshape(tf.reshape(dense(x), [5, 2, 2]), [5, 4]),
  'two layers': x => tf.tanh(dense(tf.relu(dense(x)))),
  'a skip connection': resnet,
};

const refused: Record<string, Hidden> = {
  'another operation': x => tf.sub(dense(x), 1),
  'a square by itself': x => {
    const h = dense(x);
    return tf.mul(h, h);
  },
  'a product of two activations': x => tf.mul(x, dense(x)),
  'a matrix that is an activation': x =>
    tf.matMul(x, tf.matMul(w, tf.reshape(tf.slice(x, 0, 4), [4, 4]) as tf.Tensor2D)),
  'a broadcast activation': x => tf.add(tf.sum(x, 1, true), dense(x)),
  'a reshape of the batch': x => tf.reshape(tf.tanh(tf.reshape(dense(x), [10, 2])), [5, 4]),
};

const run = <T>(hidden: Hidden, use: (scores: tf.Tensor2D, xs: tf.Tensor[]) => T) =>
  taped(() => {
    const input = tf.clone(x);
    const h = hidden(input);
    return use(tf.matMul(h as tf.Tensor2D, v) as tf.Tensor2D, [input, h]);
  });

describe('foldedWalk', () => {
  it.each(Object.entries(foldable))('gives the gradients of tfjs through %s', (_, hidden) => {
    const {folded, single} = run(hidden, (scores, xs) => ({
      folded: foldedWalk(scores, xs, directions)!.map(g => [g.shape[0], ...g.dataSync()]),
      single: directions.map(d =>
        tf
          .engine()
          .gradients(() => scores, xs, d, true)
          .grads.map(g => Array.from(g.dataSync())),
      ),
    }));
    for (const place of [0, 1]) {
      const [rows, ...numbers] = folded[place];
      expect(rows).toBe(15);
      expectClose(
        numbers,
        single.flatMap(gradients => gradients[place]),
        2e-6,
      );
    }
  });

  it.each(Object.entries(refused))('leaves %s to others', (_, hidden) => {
    expect(run(hidden, (scores, xs) => foldedWalk(scores, xs, directions) === undefined)).toBe(true);
  });

  it('leaves an activation that is transposed to others, be it square, as its shape says nothing', () => {
    const square = randomTensor<tf.Tensor2D>([5, 5], 6);
    const weights = randomTensor<tf.Tensor2D>([5, 3], 7);
    const folded = (transpose: boolean) =>
      taped(() => {
        const input = tf.clone(square);
        const scores = tf.matMul(input, weights, transpose) as tf.Tensor2D;
        return foldedWalk(scores, [input], directions) !== undefined;
      });
    expect([folded(false), folded(true)]).toEqual([true, false]);
  });

  it('is one product with the weight matrix of the scores at the last hidden layer', async () => {
    const products = async (use: (scores: tf.Tensor2D, xs: tf.Tensor[]) => unknown) =>
      (await tf.profile(() => void run(resnet, use))).kernels.filter(({name}) => name === 'BatchMatMul')
        .length;
    const forward = await products(() => 0);
    expect(await products((scores, [, h]) => foldedWalk(scores, [h], directions))).toBe(forward + 1);
  });

  it('leaves no tensor behind', () => {
    expectNoLeak(() => void run(resnet, (scores, xs) => foldedWalk(scores, xs, directions)));
  });
});
