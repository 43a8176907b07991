import {Tile, util, type TileAttrs} from '@tensorflow/tfjs-core';
import {runKernel} from '../run_kernel.js';
import {random} from './samples.js';
import {makeTensor, pointerTo} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';

type Call = KernelCall<TileAttrs>;

/**
 * Values repeated along axes of which all but the last have size 1, as where a row is spread over a batch: whole blocks are
 * copied, where tfjs looks up one number at a time.
 */
export const tile: WasmKernel = {
  name: Tile,
  run: ({inputs: {x}, attrs: {reps}, backend, stock}: Call, module) => {
    const repeated = reps.map((_, i) => i).filter(i => reps[i] !== 1);
    const [first = 0, last = 0] = [repeated[0], repeated[repeated.length - 1]];
    const isBlock = x.shape.slice(first, last).every(size => size === 1);
    const shape = x.shape.map((size, i) => size * reps[i]);
    const isEmpty = util.sizeFromShape(shape) === 0;
    if (x.dtype !== 'float32' || reps.length !== x.rank || !isBlock || isEmpty) return stock();
    const block = util.sizeFromShape(x.shape.slice(first));
    const times = util.sizeFromShape(reps);
    return makeTensor(backend, {kernelName: Tile, shape}, output => {
      const from = pointerTo(backend, x);
      for (let i = 0; i < x.size / block; i++)
        module.tile(output + 4 * i * block * times, from + 4 * i * block, block, block * times);
    });
  },
  compose: ({stock}: Call) => stock(),
  sample: () =>
    SAMPLES.map(([shape, reps], i) => {
      return runKernel(Tile, {x: random(shape, 1 + i)}, {reps});
    }),
};

const SAMPLES = [
  [
    [1, 1, 1, 5],
    [2, 3, 4, 1],
  ],
  [
    [3, 1, 7],
    [1, 6, 1],
  ],
  [
    [2, 3],
    [3, 1],
  ],
  [
    [4, 1],
    [1, 9],
  ],
  [
    [2, 3],
    [2, 2],
  ],
  [
    [3, 1],
    [3, 2],
  ],
];
