import {
  BatchMatMul,
  broadcastTo,
  broadcast_util,
  matMul,
  transpose,
  util,
  zeros,
  type BatchMatMulAttrs,
  type Tensor,
} from '@tensorflow/tfjs-core';
import {runKernel} from '../run_kernel.js';
import {random} from './samples.js';
import {makeTensor, pointerTo} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';

type Call = KernelCall<BatchMatMulAttrs>;

/** Matrix products, transposed ones too, which tfjs's own kernel computes at a tenth of its speed. */
export const batchMatMul: WasmKernel = {
  name: BatchMatMul,
  run: (call: Call, module) => {
    const {backend, inputs, attrs, stock} = call;
    const {a, b} = inputs;
    const {transposeA, transposeB} = attrs;
    const product = productOf(call);
    if (!product) return stock();
    const {batch, rows, terms, columns} = product;
    const [aStart, bStart] = [a, b].map(matrix => matrixStarts(matrix, batch));
    const scratchBytes = module.gemmScratch(rows, terms, columns);
    const making = {kernelName: BatchMatMul, shape: [...batch, rows, columns], scratchBytes};
    return makeTensor(backend, making, (output, scratch) => {
      const [aPointer, bPointer] = [pointerTo(backend, a), pointerTo(backend, b)];
      const aSteps = transposeA ? [1, rows] : [terms, 1];
      const bSteps = transposeB ? [1, terms] : [columns, 1];
      for (let i = 0; i < util.sizeFromShape(batch); i++) {
        const from = [aPointer + aStart(i), ...aSteps, 0, bPointer + bStart(i), ...bSteps];
        module.gemm(rows, terms, columns, ...from, output + 4 * i * rows * columns, columns, 0, scratch);
      }
    });
  },
  compose: (call: Call) => {
    const {inputs, attrs, stock} = call;
    const product = productOf(call);
    if (!product) return stock();
    const {batch, rows, terms, columns} = product;
    // tfjs's own kernel writes nothing where there are no terms, or stops.
    if (batch.includes(0) || rows * terms * columns === 0) return zeros([...batch, rows, columns]);
    const a = attrs.transposeA ? turned(inputs.a) : inputs.a;
    const b = attrs.transposeB ? turned(inputs.b) : inputs.b;
    const isStock = a === inputs.a && b === inputs.b;
    // It takes one matrix for the whole batch, or one a place; any other broadcast it computes in part.
    if (takesBatches(a, b)) return isStock ? stock() : matMul(a, b);
    return matMul(broadcastTo(a, [...batch, rows, terms]), broadcastTo(b, [...batch, terms, columns]));
  },
  sample: () =>
    SAMPLES.map(([aShape, bShape, transposeA, transposeB], i) => {
      const inputs = {a: random(aShape, 1 + i), b: random(bShape, 11 + i)};
      return runKernel(BatchMatMul, inputs, {transposeA, transposeB});
    }),
};

const SAMPLES: Array<[number[], number[], boolean, boolean]> = [
  [[1, 5, 3], [1, 3, 9], false, false],
  [[1, 3, 6], [1, 3, 8], true, false],
  [[2, 1, 7], [2, 17, 7], false, true],
  [[2, 4, 9], [1, 5, 4], true, true],
];

/** The sizes of a product, or null where tfjs says what is wrong with it. */
function productOf({inputs: {a, b}, attrs: {transposeA, transposeB}}: Call) {
  const [aRows, aColumns] = a.shape.slice(-2);
  const [bRows, bColumns] = b.shape.slice(-2);
  const [rows, terms] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [columns, ofB] = transposeB ? [bRows, bColumns] : [bColumns, bRows];
  if (a.dtype !== 'float32' || b.dtype !== 'float32' || terms !== ofB) return null;
  const batch = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return {batch, rows, terms, columns};
}

function takesBatches(a: Tensor, b: Tensor): boolean {
  const [aBatch, bBatch] = [a, b].map(({shape}) => shape.slice(0, -2));
  if (util.arraysEqual(aBatch, bBatch)) return true;
  return util.sizeFromShape(aBatch) === 1 || util.sizeFromShape(bBatch) === 1;
}

/** Bytes from a tensor's start to the matrix of each place of the broadcast batch. */
function matrixStarts({shape}: Tensor, batch: number[]): (i: number) => number {
  const own = shape.slice(0, -2);
  const bytes = 4 * util.sizeFromShape(shape.slice(-2));
  const padded = [...Array<number>(batch.length - own.length).fill(1), ...own];
  return i => {
    let [rest, index, step] = [i, 0, 1];
    for (let axis = batch.length - 1; axis >= 0; axis--) {
      if (padded[axis] > 1) index += (rest % batch[axis]) * step;
      step *= padded[axis];
      rest = Math.floor(rest / batch[axis]);
    }
    return index * bytes;
  };
}

function turned(x: Tensor): Tensor {
  const axes = x.shape.map((_, i) => i);
  return transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}
