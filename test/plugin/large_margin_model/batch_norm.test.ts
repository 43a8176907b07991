import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../../plugin/index.js';
import {expectClose} from '../../support/expect_close.js';
import {randomTensor} from '../../support/randoms.js';
import {labelsOf, seeded, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0]);

/** dense -> batch norm -> dense. */
const withBatchNorm = () =>
  seeded(
    sequential({
      layers: [
        layers.dense({units: 5, inputShape: [4], name: 'h'}),
        layers.batchNormalization({name: 'bn', momentum: 0.9}),
        layers.reLU({name: 'relu'}),
        layers.dense({units: 3, activation: 'softmax', name: 's'}),
      ],
    }),
  );

const crossEntropyOf = (model: LargeMarginModel, training: boolean) =>
  model.computeLoss(x, y, {training}).crossEntropy.dataSync()[0];

describe('batch norm', () => {
  const averages = (model: LargeMarginModel) =>
    model
      .getLayer('bn')
      .getWeights()
      .slice(2)
      .map(t => Array.from(t.dataSync()));

  it.each(['exact', 'firstOrder'] as const)(
    'moves the averages exactly once a training step (%s)',
    gradient => {
      const model = new LargeMarginModel(withBatchNorm(), {gamma: 2, topK: 2, gradient});
      const [kernel, bias] = model.getLayer('h').getWeights() as tf.Tensor2D[];
      const {mean, variance} = tf.moments(tf.add(tf.matMul(x, kernel), bias), 0);
      const [oldMean, oldVariance] = averages(model);
      tf.dispose(tf.variableGrads(() => model.computeLoss(x, y).loss) as never);
      const [newMean, newVariance] = averages(model);
      // momentum 0.9: 0.9 x old + 0.1 x the batch's, once; the batch variance is corrected by 6 / 5 as in Keras.
      const moved = (old: number[], batch: ArrayLike<number>, by = 1) =>
        old.map((m, i) => 0.9 * m + 0.1 * by * batch[i]);
      expectClose(newMean, moved(oldMean, mean.dataSync()), 1e-5);
      const [plain, corrected] = [1, 6 / 5].map(by => moved(oldVariance, variance.dataSync(), by));
      const error = (expected: number[]) => Math.max(...expected.map((v, i) => Math.abs(v - newVariance[i])));
      expect(Math.min(error(plain), error(corrected))).toBeLessThan(1e-5);
    },
  );

  it('moves nothing for training: false, evaluate, distances and predict', () => {
    const model = new LargeMarginModel(withBatchNorm(), {gamma: 2});
    model.compile({optimizer: 'sgd'});
    const before = averages(model);
    tf.tidy(() => {
      model.computeLoss(x, y, {training: false});
      model.evaluate(x, y);
      model.distances(x, y);
      model.predict(x);
    });
    expect(averages(model)).toEqual(before);
  });

  it('moves them once a step of fit, as the plain model does', async () => {
    const [model, other] = [
      new LargeMarginModel(withBatchNorm(), {gamma: 2, marginWeight: 0}),
      withBatchNorm(),
    ];
    model.compile({optimizer: tf.train.sgd(0.1)});
    other.compile({optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy'});
    const args = {epochs: 3, batchSize: 3, shuffle: false, verbose: 0} as const;
    await model.fit(x, y, args);
    await other.fit(x, y, args);
    expectClose(weightsOf(model).flat(), weightsOf(other).flat(), 1e-5);
  });

  it('uses the statistics of the batch in training and the averages otherwise', () => {
    const model = new LargeMarginModel(withBatchNorm(), {gamma: 2});
    const inference = crossEntropyOf(model, false);
    const expected = tf.tidy(() => {
      const p = model.baseModel.predict(x) as tf.Tensor;
      return tf.neg(tf.mean(tf.sum(tf.mul(y, tf.log(p)), 1))).dataSync()[0];
    });
    expectClose([inference], [expected], 1e-5);
    const training = crossEntropyOf(model, true);
    expect(Math.abs(training - inference)).toBeGreaterThan(1e-3);
  });
});
