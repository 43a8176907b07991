import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {afterEach, describe, expect, it} from 'vitest';
import {LargeMarginOptimizer, type LargeMarginOptimizerOptions} from '../../../plugin/index.js';
import {slotFields, slotsIn} from '../../../plugin/optimizer/slot_fields.js';
import {disableNativeKernels, enableNativeKernels} from '../../../plugin/node/index.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {operationsRunBy} from '../../support/native_kernels.js';
import {randomTensor} from '../../support/randoms.js';
import {convNet, labelsOf, weightsOf} from '../../support/tiny_models.js';
import {STOCK} from '../optimizer/stock.js';

const x = randomTensor([6, 6, 6, 2], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0]);
const OPTIONS: LargeMarginOptimizerOptions = {
  gamma: 2,
  layers: ['input', 'conv1', 'conv2'],
  globalClipNorm: 0.5,
};

function compiled(inner: tf.Optimizer, options = OPTIONS) {
  const model = convNet();
  const optimizer = new LargeMarginOptimizer(inner, {...options, model});
  model.compile({optimizer, loss: 'categoricalCrossentropy'});
  return {model, optimizer};
}

async function fourSteps(model: LayersModel): Promise<number[]> {
  await model.trainOnBatch(x, y);
  await expectNoLeakAsync(async () => {
    for (let step = 0; step < 3; step++) await model.trainOnBatch(x, y);
  });
  return weightsOf(model).flat();
}

afterEach(() => disableNativeKernels());

describe('with the faster kernels of the native engine', () => {
  it.each(Object.entries(STOCK))('the adapter takes the same steps (%s)', async (_, make) => {
    for (const gradient of ['exact', 'firstOrder'] as const) {
      const options = {...OPTIONS, gradient};
      const stock = await fourSteps(compiled(make(), options).model);
      enableNativeKernels();
      const ours = await fourSteps(compiled(make(), options).model);
      disableNativeKernels();
      // Adam's faster step takes 1 - beta2 in float32: 1.3e-5 of a step.
      expectClose(ours, stock, 2e-5);
    }
  });

  const inPlace = [
    ['adam', 'ResourceApplyAdam'],
    ['rmsprop', 'ResourceApplyRMSProp'],
    ['momentum', 'ResourceApplyMomentum'],
  ] as const;
  it.each(inPlace)(
    'a step of %s is one operation for each variable, on slots that nobody else holds',
    async (name, op) => {
      enableNativeKernels();
      for (const accumulationSteps of [1, 2]) {
        const inner = STOCK[name]();
        const {model, optimizer} = compiled(inner, {...OPTIONS, accumulationSteps});
        const held: number[] = [];
        const backend = tf.engine().backend as unknown as {refCount: (id: object) => number};
        // Through the prototype, where the faster step is put while it is wanted.
        inner.applyGradients = function (gradients) {
          for (const field of slotFields(inner))
            for (const slot of slotsIn(inner, field))
              if (slot) held.push(backend.refCount(slot.variable.dataId));
          (Object.getPrototypeOf(inner) as tf.Optimizer).applyGradients.call(this, gradients);
        };
        const step = () =>
          optimizer.minimize(() => {
            const outputs = model.apply(x, {training: true}) as tf.Tensor;
            optimizer.observe({labels: y});
            return tf.neg(tf.mean(tf.mul(y, tf.log(outputs)))) as tf.Scalar;
          });
        for (let i = 0; i < 2 * accumulationSteps - 1; i++) step();
        const run = operationsRunBy(() => void step());
        expect(run.filter(operation => operation === op)).toHaveLength(model.trainableWeights.length);
        expect(held.length).toBeGreaterThanOrEqual(model.trainableWeights.length);
        expect(new Set(held)).toEqual(new Set([1]));
      }
    },
  );

  it('are in place while the adapter steps, and not for another optimizer', async () => {
    enableNativeKernels();
    const gradientsOf = (model: LayersModel) =>
      model.trainableWeights
        .map(weight => weight.read() as tf.Variable)
        .map(({name, shape}) => ({name, tensor: tf.zeros(shape)}));
    const model = convNet();
    const [bare, adapter] = [tf.train.adam(0.01), new LargeMarginOptimizer(tf.train.adam(0.01))];
    for (const [optimizer, expected] of [
      [bare, false],
      [adapter, true],
    ] as const) {
      const run = operationsRunBy(() => tf.tidy(() => void optimizer.applyGradients(gradientsOf(model))));
      expect(run.includes('ResourceApplyAdam')).toBe(expected);
    }
  });
});
