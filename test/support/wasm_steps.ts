import {memory, tidy, train, type Tensor} from '@tensorflow/tfjs-core';
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

/**
 * Trains a small convnet with margins at the input and two convolutions on wasm.
 *
 * @param steps After 20 others, in which slots and caches are made.
 * @returns What is held before and after these steps, and the loss of the first and the last of them.
 */
export async function trainOnWasm(
  steps: number,
): Promise<{before: Holdings; after: Holdings; losses: number[]}> {
  const backend = runningWasm();
  const model = new LargeMarginModel(convNet(), {gamma: 1, layers: ['input', 'conv1', 'conv2']});
  model.compile({optimizer: train.adam(1e-3)});
  const x = randomTensor([8, 6, 6, 2], 1);
  const y = labelsOf([0, 1, 2, 0, 1, 2, 0, 1]);
  const heap = watchHeap(backend);
  const step = async () => {
    const [loss] = [await model.trainOnBatch(x, y)].flat();
    return loss;
  };
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
  tidy(() => [x, y].forEach((tensor: Tensor) => tensor.dispose()));
  model.dispose();
  return {before, after, losses: [losses[0], losses[losses.length - 1]]};
}
