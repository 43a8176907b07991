import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {LargeMarginOptimizer, type LargeMarginOptimizerOptions} from '../../plugin/index.js';
import {bitsOf} from '../plugin/optimizer/stock.js';
import {randomTensor} from './randoms.js';
import {dense, labelsOf, seeded} from './tiny_models.js';

export const x = randomTensor<tf.Tensor2D>([6, 4], 1);
export const y = labelsOf([0, 1, 2, 2, 1, 0]);

/** x with this in the place of its largest number. */
export const planted = (value: number) =>
  tf.tidy(() => tf.where(tf.equal(x, tf.max(x)), value, x)) as tf.Tensor2D;

const spoilt = new WeakSet<LayersModel>();

/** From now on the gradients of this net's first layer are infinite; its loss and margins are as before. */
export function spoil(model: LayersModel): void {
  spoilt.add(model);
}

/** Dense, batch norm, relu, dense; see `spoil`. */
export function spoiltNet(): LayersModel {
  const layer = layers.activation({activation: 'linear', name: 'spoil'});
  const original = layer.call.bind(layer);
  const identity = spoiling(() => (spoilt.has(model) ? Infinity : 0));
  layer.call = (inputs, kwargs) => identity(original(inputs, kwargs) as tf.Tensor);
  const model: LayersModel = seeded(
    sequential({
      layers: [
        dense('hidden', 5, {inputShape: [4]}),
        layer,
        layers.batchNormalization({name: 'bn'}),
        layers.activation({activation: 'relu', name: 'relu'}),
        dense('scores', 3, {activation: 'softmax'}),
      ],
    }),
  );
  return model;
}

/** An identity whose gradient is more by this. */
export const spoiling = (by: () => number) =>
  tf.customGrad(t => ({
    value: tf.clone(t as tf.Tensor),
    gradFunc: dy => tf.add(dy, by()),
  })) as (t: tf.Tensor) => tf.Tensor;

/** A net compiled with an adapter around Adam, with margins behind the layer that may be spoilt. */
export function compiledNet(options: LargeMarginOptimizerOptions, model = spoiltNet()) {
  const margin: LargeMarginOptimizerOptions = {gamma: 2, gradient: 'firstOrder', layers: ['bn', 'relu']};
  const optimizer = new LargeMarginOptimizer(tf.train.adam(0.01), {...margin, ...options, model});
  model.compile({optimizer, loss: 'categoricalCrossentropy', metrics: ['accuracy']});
  return {model, optimizer};
}

/** The bits of all that a step may move: weights, moving averages, slots. */
export async function bitsOfState(model: LayersModel, optimizer: LargeMarginOptimizer) {
  const saved = await optimizer.getWeights();
  // How many batches there were is counted on, also past those at fault.
  const slots = saved.filter(({name}) => name !== 'largeMargin/steps');
  return {
    weights: model.weights.map(weight => [weight.originalName, bitsOf(weight.read())] as const),
    slots: slots.map(({name, tensor}) => [name, bitsOf(tensor)] as const),
  };
}
