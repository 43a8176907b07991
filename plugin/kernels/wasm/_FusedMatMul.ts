import {_FusedMatMul, util, type _FusedMatMulAttrs} from '@tensorflow/tfjs-core';
import {runKernel} from '../run_kernel.js';
import {random} from './samples.js';
import {makeTensor, pointerTo} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';

type Call = KernelCall<_FusedMatMulAttrs>;

/**
 * A matrix times another plus a bias, as of a dense layer in training: tfjs packs the weights anew after each step. Batches,
 * transposed matrices and activations are left to tfjs.
 */
export const fusedMatMul: WasmKernel = {
  name: _FusedMatMul,
  run: ({inputs: {a, b, bias}, attrs, backend, stock}: Call, module) => {
    const {activation, transposeA, transposeB} = attrs;
    const [[aBatch, rows, terms], [bBatch, ofB, columns]] = [a.shape, b.shape];
    const isPlain = activation === 'linear' && !transposeA && !transposeB && aBatch === 1 && bBatch === 1;
    const areFloats = [a, b, bias].every(tensor => tensor?.dtype === 'float32');
    if (!isPlain || !areFloats || terms !== ofB || !util.arraysEqual(bias.shape, [columns])) return stock();
    const scratchBytes = module.gemmScratch(rows, terms, columns);
    return makeTensor(
      backend,
      {kernelName: _FusedMatMul, shape: [1, rows, columns], scratchBytes},
      (to, scratch) => {
        const [from, weights, row] = [a, b, bias].map(tensor => pointerTo(backend, tensor));
        module.tile(to, row, columns, rows * columns);
        module.gemm(rows, terms, columns, from, terms, 1, 0, weights, columns, 1, to, columns, 1, scratch);
      },
    );
  },
  compose: ({stock}: Call) => stock(),
  sample: () =>
    [
      [3, 7, 5],
      [1, 300, 9],
      [5, 1, 1],
    ].map(([rows, terms, columns], i) => {
      const [a, b, bias] = [[1, rows, terms], [1, terms, columns], [columns]].map((shape, j) =>
        random(shape, 10 * i + j),
      );
      const attrs = {activation: 'linear', transposeA: false, transposeB: false};
      return runKernel(_FusedMatMul, {a, b, bias}, attrs);
    }),
};
