import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import '../../../plugin/register.js';
import {LargeMarginModel} from '../../../plugin/large_margin_model.js';
import {presets} from '../../../src/index.js';
import {firstPictures} from './mnist.js';
import {untrainedNet, type NetName} from './nets.js';

const PICTURES = 40_000;
const BATCH = 100;
const RATE = 1e-3;
const EPOCHS = 3;

/** The margins that made nets robust in this project's experiments: exact, l_inf, at the input and all hidden layers. */
const margin = {...presets.robust({norm: 'linf', gamma: 0.15, crossEntropyWeight: 0}), seed: 1};

/** Trains a net in a few minutes: Adam, its rate falling linearly to 2 %, pictures in the order of the files. */
export async function trainNet(name: NetName): Promise<LayersModel> {
  const net = untrainedNet(name);
  const model = name === 'large_margin' ? new LargeMarginModel(net, margin) : net;
  const optimizer = tf.train.adam(RATE);
  const loss = (labels: tf.Tensor, logits: tf.Tensor) => tf.losses.softmaxCrossEntropy(labels, logits);
  if (model instanceof LargeMarginModel) model.compile({optimizer});
  else model.compile({optimizer, loss});
  const {x, labels} = firstPictures('train', PICTURES);
  const steps = PICTURES / BATCH;
  for (let step = 0; step < EPOCHS * steps; step++) {
    const share = step / (EPOCHS * steps);
    (optimizer as unknown as {learningRate: number}).learningRate = RATE * (1 - 0.98 * share);
    const at = (step % steps) * BATCH;
    const [batch, targets] = tf.tidy(() => [
      tf.slice(x, [at, 0, 0, 0], [BATCH, 28, 28, 1]),
      tf.cast(tf.oneHot(tf.slice(labels, at, BATCH), 10), 'float32'),
    ]);
    await model.trainOnBatch(batch, targets);
    tf.dispose([batch, targets]);
  }
  tf.dispose([x, labels]);
  optimizer.dispose();
  return net;
}
