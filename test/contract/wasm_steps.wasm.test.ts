import * as tf from '@tensorflow/tfjs-core';
import {beforeEach, expect, it} from 'vitest';
import {LargeMarginModel} from '../../plugin/index.js';
import {errorOf as thrownBy} from '../support/expect_no_leak.js';
import {convNet} from '../support/tiny_models.js';
import {expectAllRunOn} from '../support/wasm_calls.js';
import {restartWasm, startWasmOn} from '../support/wasm_engine.js';
import {convBatch, expectSteadyTraining, trainOnWasm} from '../support/wasm_steps.js';

beforeEach(async () => {
  await startWasmOn('simd');
  expectAllRunOn('simd');
});

it('trains 200 steps with margins and holds not a tensor, a block or a page of the heap more', async () => {
  await expectSteadyTraining(200);
});

/** Trains a convnet by a loss of its own for a step. */
async function stepWith(loss: (y: tf.Tensor, p: tf.Tensor) => tf.Tensor, onBatchEnd = async () => {}) {
  const model = convNet();
  model.compile({optimizer: 'sgd', loss});
  await model.fit(...convBatch(), {epochs: 1, batchSize: 4, callbacks: {onBatchEnd}, verbose: 0});
  return model;
}

const squares = (y: tf.Tensor, p: tf.Tensor) => tf.mean(tf.square(tf.sub(y, p)), -1);

/** Expects training to go on as if nothing had been. */
async function expectTrainingWorks() {
  const {before, after, losses} = await trainOnWasm(5);
  expect(after).toEqual(before);
  expect(losses.every(Number.isFinite)).toBe(true);
}

it('ends a step in an error where a custom loss disposes of the model, and trains the next model', async () => {
  const model = convNet();
  const loss = (y: tf.Tensor, p: tf.Tensor) => {
    model.dispose();
    return squares(y, p);
  };
  model.compile({optimizer: 'sgd', loss});
  const error = await thrownBy(() => model.trainOnBatch(...convBatch()));
  expect(error).toBeInstanceOf(Error);
  await expectTrainingWorks();
});

it('ends training in an error where a callback disposes of a model with margins', async () => {
  const model = new LargeMarginModel(convNet(), {gamma: 1});
  model.compile({optimizer: 'sgd'});
  const onBatchEnd = async () => void model.dispose();
  const error = await thrownBy(() =>
    model.fit(...convBatch(), {epochs: 1, batchSize: 4, callbacks: {onBatchEnd}, verbose: 0}),
  );
  expect(String(error)).toMatch(/disposed/);
  await expectTrainingWorks();
});

it('ends a step in an error where a custom loss takes the backend away, and trains on the next one', async () => {
  const error = await thrownBy(() =>
    stepWith((y, p) => {
      const loss = squares(y, p);
      tf.removeBackend('wasm');
      return loss;
    }),
  );
  expect(error).toBeInstanceOf(Error);
  await restartWasm();
  await expectTrainingWorks();
});

it('ends training in an error where a callback takes the backend away, and trains on the next one', async () => {
  const error = await thrownBy(() => stepWith(squares, async () => void tf.removeBackend('wasm')));
  expect(error).toBeInstanceOf(Error);
  await restartWasm();
  await expectTrainingWorks();
});
