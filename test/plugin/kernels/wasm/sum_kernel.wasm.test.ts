import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {sumKernel} from '../../../../plugin/kernels/wasm/sum_kernel.js';
import type {SideModule} from '../../../../plugin/kernels/wasm/side_module.js';
import type {WasmBackend} from '../../../../plugin/kernels/wasm/wasm_backend.js';
import {startWasmOn} from '../../../support/wasm_engine.js';

describe('a kernel of sums', () => {
  let backend: WasmBackend;
  beforeAll(async () => {
    backend = await startWasmOn('simd');
  });

  /** Counts, sizes and columns that the module gets, and the divisor; 'stock' where tfjs's own runs. */
  function roadOf(x: tf.Tensor, axis: number | number[], isMean = false): unknown {
    let road: unknown;
    const module = {
      rowScratch: () => 16,
      sums: (count: number, size: number, columns: number, _x: number, _to: number, divisor: number) => {
        road = {count, size, columns, divisor};
      },
    };
    const {run} = sumKernel('SumTest', isMean);
    const stock = () => ((road = 'stock'), backend.makeOutput([], 'float32'));
    const attrs = {axis, keepDims: false} as never;
    const made = run({inputs: {x}, attrs, backend, stock}, module as unknown as SideModule);
    backend.disposeData((made as tf.TensorInfo).dataId);
    return road;
  }

  it('gives the module sums over axes beside each other', () => {
    const x = tf.zeros([2, 3, 4, 50]);
    expect(roadOf(x, [0, 1, 2])).toEqual({count: 1, size: 1200, columns: 50, divisor: 1});
    expect(roadOf(x, [1, 2], true)).toEqual({count: 2, size: 600, columns: 50, divisor: 12});
    expect(roadOf(x, [-1, 2], true)).toEqual({count: 6, size: 200, columns: 1, divisor: 200});
  });

  it('leaves all others to tfjs', () => {
    const x = tf.zeros([2, 3, 4, 50]);
    expect(roadOf(x, [0, 2])).toBe('stock');
    expect(roadOf(x, [3])).toBe('stock');
    expect(roadOf(x, [])).toBe('stock');
    expect(roadOf(tf.zeros([3, 4], 'int32'), 0)).toBe('stock');
  });
});
