import {readFileSync} from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import type {MarginOptions, Norm} from '../../src/types.js';

/** One case of large_margin_cases.json; README.md beside it says who made it and how. */
export interface Case {
  name: string;
  net: 'dense' | 'conv';
  activation: 'relu' | 'tanh' | 'sigmoid' | 'elu';
  config: {
    scores: 'logits' | 'softmax';
    layers: number[];
    gamma: number[];
    p: 1 | 2 | 3 | 'inf';
    topK: number;
    aggregate: 'max' | 'sum';
    mode: 'approximate' | 'exact';
    clip: number | null;
    epsilon: number;
  };
  params: number[][];
  x: number[][];
  y: number[];
  distances: number[][][];
  loss: number;
  grads: number[][];
}

export const cases: Case[] = JSON.parse(
  readFileSync(new URL('./large_margin_cases.json', import.meta.url), 'utf8'),
).cases;

const NORMS: Record<string, Norm> = {1: 'l1', 2: 'l2', 3: 3, inf: 'linf'};

/** Names of the layers 0..3 of a case. */
export const layerNames = ['input', 'first', 'second', 'output'];

/** A case's configuration in our words. */
export function optionsOf({config}: Case): MarginOptions {
  return {
    gamma: config.gamma[0],
    layers: config.layers.map((layer, i) => ({name: layerNames[layer], gamma: config.gamma[i]})),
    norm: NORMS[config.p],
    scores: config.scores === 'softmax' ? 'probabilities' : 'logits',
    topK: config.topK,
    aggregate: config.aggregate,
    gradient: config.mode === 'exact' ? 'exact' : 'firstOrder',
    clip: config.clip,
    epsilon: config.epsilon,
    crossEntropyWeight: 0,
  };
}

/** A case's net: logits and the activations 0..3 by name, from x and the parameters. */
export function forward({net, activation}: Case, x: tf.Tensor, params: tf.Tensor[]) {
  const act = tf[activation] as (t: tf.Tensor) => tf.Tensor;
  const [w0, b0, w1, b1, w2, b2] = params;
  if (net === 'dense') {
    const first = act(tf.add(tf.matMul(x as tf.Tensor2D, w0 as tf.Tensor2D), b0));
    const second = act(tf.add(tf.matMul(first as tf.Tensor2D, w1 as tf.Tensor2D), b1));
    const logits = tf.add(tf.matMul(second as tf.Tensor2D, w2 as tf.Tensor2D), b2) as tf.Tensor2D;
    return {logits, activations: {input: x, first, second}};
  }
  const conv = (t: tf.Tensor, w: tf.Tensor) => tf.conv2d(t as tf.Tensor4D, w as tf.Tensor4D, 1, 'same');
  const first = act(tf.add(conv(x, w0), b0));
  const pooled = tf.maxPool(first as tf.Tensor4D, 2, 2, 'valid');
  const second = act(tf.add(conv(pooled, w1), b1));
  const flat = tf.reshape(second, [second.shape[0], -1]) as tf.Tensor2D;
  const logits = tf.add(tf.matMul(flat, w2 as tf.Tensor2D), b2) as tf.Tensor2D;
  return {logits, activations: {input: x, first, second}};
}
