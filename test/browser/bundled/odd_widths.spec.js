import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {LargeMarginModel} from '../../../plugin/index.js';

// webgl keeps two columns in one texel: of an odd number the last one is padding, and packed matMul multiplies it too.
// After some steps on webgl the gradient at these weights is that of cpu at the same weights.
describe('an odd number of classes or units on webgl', () => {
  const values = (size, i) => Array.from({length: size}, (_, k) => Math.sin(k * (i + 1) + i));

  for (const [classes, units, activation] of [
    [4, 6, 'tanh'],
    [3, 6, 'tanh'],
    [5, 7, 'relu'],
  ]) {
    it(`gives the gradients of cpu (${classes} classes, ${units} units, ${activation})`, async () => {
      await tf.setBackend('webgl');
      const base = sequential({
        layers: [
          layers.dense({units, activation, inputShape: [4]}),
          layers.dense({units: classes, activation: 'softmax'}),
        ],
      });
      base.setWeights(
        base.weights.map(({shape}, i) => tf.tensor(values(tf.util.sizeFromShape(shape), i), shape)),
      );
      const model = new LargeMarginModel(base, {gamma: 1});
      model.compile({optimizer: tf.train.sgd(0.05)});
      const [x, y] = [
        tf.tensor2d(values(24, 3), [6, 4]),
        tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32'), classes),
      ];
      for (let step = 0; step < 3; step++) await model.trainOnBatch(x, y);
      const weights = model.trainableWeights.map(weight => weight.read());
      const gradients = () => {
        const {grads} = tf.variableGrads(() => model.computeLoss(x, y).loss, weights);
        return weights.flatMap(({name}) => Array.from(grads[name].dataSync()));
      };
      const onWebgl = gradients();
      const kept = weights.map(weight => weight.arraySync());
      await tf.setBackend('cpu');
      weights.forEach((weight, i) => weight.assign(tf.tensor(kept[i])));
      const onCpu = gradients();
      await tf.setBackend('webgl');
      const error = Math.max(...onCpu.map((value, i) => Math.abs(value - onWebgl[i])));
      expect(error / Math.max(...onCpu.map(Math.abs))).toBeLessThan(1e-5);
    });
  }
});
