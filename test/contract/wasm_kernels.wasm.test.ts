import {expect, it} from 'vitest';
import {wasmKernelReport} from '../../plugin/kernels/wasm/index.js';
import {probe} from '../../scripts/native/probe.mjs';
import {worstError} from '../support/expect_close.js';
import {expectAllRunOn, resultOf} from '../support/wasm_calls.js';
import {GRID, tensorsOf, type GridCase} from './wasm_kernels/grid.js';
import {runOnNative, type Values} from './wasm_kernels/on_native.js';

const native = await probe('@tensorflow/tfjs-node');
const cases = Object.values(GRID).flatMap(makeCases => makeCases());

it.skipIf(native.state !== 'works')(
  `computes ${cases.length} products, convolutions and pools as the native engine does, within 1e-5 of the largest`,
  () => {
    expectAllRunOn('simd', 'relaxed-simd');
    const names = wasmKernelReport().map(({name}) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(GRID)));
    const theirs = runOnNative(cases);
    const ours = cases.map(one => resultOf(one.kernel, () => ({inputs: tensorsOf(one), attrs: one.attrs})));
    const rows = Object.keys(GRID).map(kernel => {
      const errors = cases.flatMap((one, i) =>
        one.kernel === kernel ? [errorsOf(one, ours[i], theirs[i])] : [],
      );
      const worst = (column: keyof (typeof errors)[0]) => Math.max(...errors.map(error => error[column]));
      return {
        kernel,
        cases: errors.length,
        wasmToNative: worst('wasmToNative'),
        wasmToFloat64: worst('wasmToFloat64'),
        nativeToFloat64: worst('nativeToFloat64'),
      };
    });
    console.table(rows);
    expect(cases.length).toBeGreaterThanOrEqual(300);
    for (const row of rows) {
      expect(row.cases).toBeGreaterThanOrEqual(40);
      expect(row.wasmToNative, row.kernel).toBeLessThanOrEqual(1e-5);
      expect(row.wasmToFloat64, row.kernel).toBeLessThanOrEqual(2e-6);
    }
  },
);

function errorsOf({expected}: GridCase, ours: Values, theirs: Values) {
  expect(ours.shape).toEqual(theirs.shape);
  return {
    wasmToNative: worstError(ours.values, theirs.values),
    wasmToFloat64: worstError(ours.values, expected),
    nativeToFloat64: worstError(theirs.values, expected),
  };
}
