import * as tf from '@tensorflow/tfjs-core';
import {constraints, layers, sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {WeightSnapshot} from '../../../plugin/callbacks/weight_snapshot.js';
import {enableNativeKernels, disableNativeKernels} from '../../../plugin/node/index.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf, seeded, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 0, 1, 2]);

describe('WeightSnapshot', () => {
  it.each(['sgd', 'momentum', 'rmsprop', 'adam'] as const)(
    'stays as it was while %s trains the weights, in place too, and puts them back bit for bit',
    async name => {
      const optimizer = name === 'momentum' ? tf.train.momentum(0.1, 0.9) : tf.train[name](0.1);
      const model = seeded(
        sequential({layers: [layers.dense({units: 3, inputShape: [4]}), layers.batchNormalization()]}),
      );
      model.compile({optimizer, loss: 'meanSquaredError'});
      await model.trainOnBatch(x, y);
      for (const isTuned of [false, true]) {
        if (isTuned) enableNativeKernels({scope: 'everywhere'});
        const before = weightsOf(model);
        await expectNoLeakAsync(async () => {
          const snapshot = new WeightSnapshot();
          snapshot.take(model);
          await model.trainOnBatch(x, y);
          await model.trainOnBatch(x, y);
          expect(weightsOf(model).every((numbers, i) => numbers.join() !== before[i].join())).toBe(true);
          expect(snapshot.tensors.map(({tensor}) => Array.from(tensor.dataSync()))).toEqual(before);
          snapshot.restore(model);
          snapshot.dispose();
        });
        expect(weightsOf(model)).toEqual(before);
      }
      disableNativeKernels();
    },
  );

  it('puts back what was measured, not what constraints would make of it', () => {
    const dense = layers.dense({
      units: 3,
      inputShape: [4],
      kernelConstraint: constraints.maxNorm({maxValue: 0.1}),
    });
    const model = sequential({layers: [dense]});
    // As tfjs's optimizers write: past the constraint.
    const kernel = randomTensor([4, 3], 2);
    (model.weights[0].read() as tf.Variable).assign(kernel);
    const before = weightsOf(model);
    const snapshot = new WeightSnapshot();
    snapshot.take(model);
    model.setWeights(model.getWeights().map(weight => tf.zerosLike(weight)));
    snapshot.restore(model);
    snapshot.dispose();
    expect(weightsOf(model)).toEqual(before);
    expect(Math.hypot(...before[0])).toBeGreaterThan(1);
  });

  it('gives each weight a name of its own, in the order of the model', () => {
    const snapshot = new WeightSnapshot();
    expect(snapshot.tensors).toEqual([]);
    snapshot.take(denseNet());
    const names = snapshot.tensors.map(({name}) => name);
    expect(names).toEqual(['0/hidden1/kernel', '1/hidden1/bias', '2/scores/kernel', '3/scores/bias']);
    snapshot.dispose();
  });

  it('can hold its own tensors again', () => {
    const before = tf.memory().numTensors;
    const snapshot = new WeightSnapshot();
    const one = tf.scalar(1);
    snapshot.hold([{name: 'one', tensor: one}]);
    one.dispose();
    snapshot.hold(snapshot.tensors);
    expect(snapshot.tensors.map(({tensor}) => tensor.dataSync()[0])).toEqual([1]);
    snapshot.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses a model whose weights have other shapes, or are more or fewer', async () => {
    const snapshot = new WeightSnapshot();
    snapshot.take(denseNet());
    expect(() => snapshot.checkFits('caller', 'weights', denseNet({seed: 2}))).not.toThrow();
    for (const net of [denseNet({units: [7]}), denseNet({units: [5, 5]}), denseNet({units: []})]) {
      await expectRefusal(() => snapshot.checkFits('caller', 'weights', net), 'weights', 'caller');
    }
    snapshot.dispose();
  });
});
