import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {releasingMetrics} from '../../../plugin/training/kept_metrics.js';
import {denseNet, labelsOf} from '../../support/tiny_models.js';
import {randomTensor} from '../../support/randoms.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';
import {internalsOf, trainedModel} from '../../../plugin/model_internals.js';

const x = randomTensor<tf.Tensor2D>([3, 4], 1);
const y = labelsOf([0, 1, 2]);

/** Fails when the cost, and with it the metrics, are computed. */
class Failing extends tf.SGDOptimizer {
  override applyGradients(): never {
    throw new RangeError('planted');
  }
}

function stepOf(optimizer: tf.Optimizer) {
  const model = denseNet();
  model.compile({optimizer, loss: 'categoricalCrossentropy', metrics: ['accuracy', 'mse']});
  const host = trainedModel(model) as unknown as {makeTrainFunction(): (data: tf.Tensor[]) => tf.Scalar[]};
  expect(internalsOf(trainedModel(model)).metricsTensors.length).toBe(2);
  return host.makeTrainFunction();
}

describe('releasingMetrics', () => {
  it('lets go of the metrics of a step that fails', () => {
    const optimizer = new Failing(0.1);
    const step = stepOf(optimizer);
    const fail = () => tf.tidy(() => releasingMetrics(optimizer, () => step([x, y])));
    const left = (run: () => unknown) => {
      const before = tf.memory().numTensors;
      expect(run).toThrow('planted');
      return tf.memory().numTensors - before;
    };
    expect(left(fail)).toBe(0);
    // What tfjs leaves behind without it: the two metrics.
    expect(left(() => tf.tidy(() => step([x, y])))).toBe(2);
  });

  it('hands on what a step gives, and leaves the optimizer as it was', () => {
    const optimizer = tf.train.sgd(0.1);
    const step = stepOf(optimizer);
    expect(expectNoLeak(() => tf.tidy(() => releasingMetrics(optimizer, () => step([x, y])))).length).toBe(3);
    expect(Object.hasOwn(optimizer, 'minimize')).toBe(false);
    const own = optimizer.minimize.bind(optimizer);
    optimizer.minimize = own;
    expect(() =>
      releasingMetrics(optimizer, () => {
        throw new RangeError('x');
      }),
    ).toThrow('x');
    expect(optimizer.minimize).toBe(own);
  });
});
