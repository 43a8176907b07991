import {dispose, memory, train, type Tensor} from '@tensorflow/tfjs-core';
import {expect} from 'vitest';
import {LargeMarginModel} from '../../plugin/index.js';
import {memoryOf} from '../../plugin/kernels/wasm/wasm_backend.js';
import {randomTensor} from './randoms.js';
import {convNet, labelsOf} from './tiny_models.js';
import {runningWasm} from './wasm_engine.js';
import {watchHeap} from './wasm_heap.js';

/** What training steps may not use up. */
export interface Holdings {
  tensors: number;
  data: number;
  /** Blocks of the heap that were taken since the first step and not given back. */
  blocks: number;
  bytesOfHeap: number;
}

/** A small convnet with margins at the input and two convolutions. */
export function marginConvNet(): LargeMarginModel {
  return new LargeMarginModel(convNet(), {gamma: 1, layers: ['input', 'conv1', 'conv2']});
}

/** Eight pictures for it and their classes. */
export function convBatch(): [x: Tensor, y: Tensor] {
  return [randomTensor([8, 6, 6, 2], 1), labelsOf([0, 1, 2, 0, 1, 2, 0, 1])];
}

/**
 * Trains the small convnet with margins on wasm.
 *
 * @param steps After 20 others, in which slots and caches are made.
 * @returns What is held before and after these steps, and the loss of the first and the last of them.
 */
export async function trainOnWasm(
  steps: number,
): Promise<{before: Holdings; after: Holdings; losses: number[]}> {
  const backend = runningWasm();
  const model = marginConvNet();
  model.compile({optimizer: train.adam(1e-3)});
  const [x, y] = convBatch();
  const heap = watchHeap(backend);
  const step = async () => [await model.trainOnBatch(x, y)].flat()[0];
  const holdings = (): Holdings => ({
    tensors: memory().numTensors,
    data: backend.numDataIds(),
    blocks: heap.held(),
    bytesOfHeap: memoryOf(backend)!.buffer.byteLength,
  });
  for (let i = 0; i < 20; i++) await step();
  const before = holdings();
  const losses = [await step()];
  for (let i = 1; i < steps; i++) losses.push(await step());
  const after = holdings();
  heap.end();
  dispose([x, y]);
  model.dispose();
  return {before, after, losses: [losses[0], losses[losses.length - 1]]};
}

/** Expects training to use nothing up and the loss to fall. */
export async function expectSteadyTraining(steps: number): Promise<void> {
  const {before, after, losses} = await trainOnWasm(steps);
  console.log(`${JSON.stringify(after)}; loss ${losses.map(loss => loss.toFixed(3)).join(' to ')}`);
  expect(after).toEqual(before);
  expect(losses[1]).toBeLessThan(losses[0]);
}
