import * as tf from '@tensorflow/tfjs-core';
import {beforeEach, expect, it} from 'vitest';
import {LargeMarginModel} from '../../plugin/index.js';
import {wasmKernelReport} from '../../plugin/kernels/wasm/index.js';
import {errorOf as thrownBy} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {convNet, labelsOf} from '../support/tiny_models.js';
import {restartWasm, startWasmOn} from '../support/wasm_engine.js';
import {trainOnWasm} from '../support/wasm_steps.js';

beforeEach(async () => {
  await startWasmOn('simd');
  expect(wasmKernelReport().every(({runsOn}) => runsOn === 'simd')).toBe(true);
});

it('trains 200 steps with margins and holds not a tensor, a block or a page of the heap more', async () => {
  const {before, after, losses} = await trainOnWasm(200);
  console.log(`${JSON.stringify(after)}; loss ${losses.map(loss => loss.toFixed(3)).join(' to ')}`);
  expect(after).toEqual(before);
  expect(losses[1]).toBeLessThan(losses[0]);
});

function batch(): [x: tf.Tensor, y: tf.Tensor] {
  return [randomTensor([8, 6, 6, 2], 1), labelsOf([0, 1, 2, 0, 1, 2, 0, 1])];
}

/** Trains a convnet by a loss of its own for a step. */
async function stepWith(loss: (y: tf.Tensor, p: tf.Tensor) => tf.Tensor, onBatchEnd = async () => {}) {
  const model = convNet();
  model.compile({optimizer: 'sgd', loss});
  await model.fit(...batch(), {epochs: 1, batchSize: 4, callbacks: {onBatchEnd}, verbose: 0});
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
  const error = await thrownBy(() => model.trainOnBatch(...batch()));
  expect(error).toBeInstanceOf(Error);
  await expectTrainingWorks();
});

it('ends training in an error where a callback disposes of a model with margins', async () => {
  const model = new LargeMarginModel(convNet(), {gamma: 1});
  model.compile({optimizer: 'sgd'});
  const onBatchEnd = async () => void model.dispose();
  const error = await thrownBy(() =>
    model.fit(...batch(), {epochs: 1, batchSize: 4, callbacks: {onBatchEnd}, verbose: 0}),
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
