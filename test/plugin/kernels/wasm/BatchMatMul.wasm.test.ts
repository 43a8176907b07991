import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import {beforeAll, describe, expect, it} from 'vitest';
import '../../../../plugin/kernels/wasm/index.js';
import {productOf, shapesOf, type Product} from '../../../support/product_oracle.js';
import {randoms} from '../../../support/randoms.js';
import {callKernel, errorOf, expectRunsOn, resultOf} from '../../../support/wasm_calls.js';
import {runningWasm, startWasmOn, WAYS} from '../../../support/wasm_engine.js';
import {expectNothingHeld} from '../../../support/wasm_heap.js';

// Around the sizes of tiles (4 by 8) and blocks (96 rows, 256 terms, 512 columns).
const SIZES: Array<[rows: number, terms: number, columns: number]> = [
  ...[1, 2, 3, 4, 5, 7, 8, 9, 13].map((n): [number, number, number] => [n, n, n]),
  [1, 1, 17],
  [17, 1, 1],
  [1, 300, 1],
  [95, 3, 4],
  [96, 5, 8],
  [97, 2, 9],
  [4, 255, 8],
  [3, 256, 7],
  [5, 257, 9],
  [2, 513, 3],
  [2, 3, 511],
  [2, 3, 512],
  [3, 4, 513],
];
const FOUR: Array<[boolean, boolean]> = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
];
const BATCHES: Array<[number[], number[]]> = [
  [[], []],
  [[1], [1]],
  [[3], [3]],
  [[3], [1]],
  [[1], [3]],
  [[], [2]],
  [[2, 3], [3]],
  [
    [2, 3],
    [2, 3],
  ],
  // One matrix stands for several on both sides: tfjs's own kernel leaves half of the result as it found the memory.
  [
    [2, 1],
    [1, 3],
  ],
  [
    [2, 3],
    [1, 3],
  ],
  [
    [2, 1, 2],
    [3, 1],
  ],
];

describe.each(WAYS)('matrix products on %s', way => {
  beforeAll(async () => {
    await startWasmOn(way);
    expectRunsOn(tf.BatchMatMul, way);
  });

  it('are those of float64, at sizes around tiles and blocks, transposed or not', () => {
    let worst = 0;
    for (const [rows, terms, columns] of SIZES)
      for (const transposes of FOUR) {
        worst = Math.max(worst, errorOfProduct({batches: [[1], [1]], rows, terms, columns, transposes}));
      }
    console.log(`${way}: worst error ${worst}`);
    // 513 terms of one sign in the worst case; 1e-6 is 17 roundings of the largest value.
    expect(worst).toBeLessThan(1e-6);
  });

  it.each(BATCHES)('broadcast batches %j and %j as TensorFlow does', (...batches) => {
    for (const transposes of FOUR)
      expect(errorOfProduct({batches, rows: 3, terms: 5, columns: 9, transposes})).toBeLessThan(1e-6);
  });

  it('are those of float64 at any sizes', () => {
    const size = fc.integer({min: 1, max: 24});
    const batch = fc.constantFrom(...BATCHES);
    fc.assert(
      fc.property(
        batch,
        size,
        size,
        size,
        fc.boolean(),
        fc.boolean(),
        (batches, rows, terms, columns, a, b) => {
          expect(errorOfProduct({batches, rows, terms, columns, transposes: [a, b]})).toBeLessThan(1e-6);
        },
      ),
      {numRuns: 100, seed: 1},
    );
  });

  it('are 0 where there are no terms, and empty where there are no rows, columns or matrices', () => {
    for (const transposes of FOUR) {
      expect(errorOfProduct({batches: [[2], [1]], rows: 3, terms: 0, columns: 9, transposes})).toBe(0);
      expect(errorOfProduct({batches: [[1], [1]], rows: 0, terms: 3, columns: 9, transposes})).toBe(0);
      expect(errorOfProduct({batches: [[1], [1]], rows: 3, terms: 3, columns: 0, transposes})).toBe(0);
      expect(errorOfProduct({batches: [[0], [1]], rows: 3, terms: 3, columns: 2, transposes})).toBe(0);
      expect(errorOfProduct({batches: [[0], [0]], rows: 3, terms: 0, columns: 2, transposes})).toBe(0);
    }
  });

  it('carry NaN and infinities to the values that they are terms of', () => {
    for (const transposes of FOUR)
      for (const spoilt of [NaN, Infinity, -Infinity]) {
        const product: Product = {batches: [[1], [1]], rows: 6, terms: 5, columns: 11, transposes};
        expect(errorOfProduct(product, values => void (values[7] = spoilt))).toBeLessThan(1e-6);
      }
  });

  it('refuse other types, and sizes that do not meet, as tfjs does', () => {
    const attrs = {transposeA: false, transposeB: false};
    const refused = (a: tf.Tensor, b: tf.Tensor, message: RegExp) =>
      expectNothingHeld(runningWasm(), () => {
        expect(() => callKernel(tf.BatchMatMul, {a, b}, attrs)).toThrow(message);
      });
    const [a, b, odd, whole] = [
      tf.ones([1, 2, 3]),
      tf.ones([1, 3, 2]),
      tf.ones([2, 3, 2]),
      tf.ones([1, 3, 2], 'int32'),
    ];
    refused(a, whole, /float32/);
    refused(a, a, /inner shapes \(3\) and \(2\)/);
    const three = tf.ones([3, 2, 3]);
    refused(three, odd, /broadcast/);
    tf.dispose([a, b, odd, whole, three]);
  });

  it('leave neither tensor nor memory behind', () => {
    for (const transposes of FOUR)
      expectNothingHeld(runningWasm(), () => {
        errorOfProduct({
          batches: [
            [2, 1],
            [1, 3],
          ],
          rows: 5,
          terms: 6,
          columns: 7,
          transposes,
        });
      });
  });
});

/** How far a product of random matrices is from that of float64; the shape must be right. */
function errorOfProduct(product: Product, spoil: (a: Float32Array) => void = () => {}): number {
  const {transposes = [false, false]} = product;
  const shapes = shapesOf(product);
  const [a, b] = shapes.map((shape, i) => randoms(tf.util.sizeFromShape(shape), 1 + i));
  spoil(a);
  const {shape, values} = resultOf(tf.BatchMatMul, () => ({
    inputs: {a: tf.tensor(a, shapes[0]), b: tf.tensor(b, shapes[1])},
    attrs: {transposeA: transposes[0], transposeB: transposes[1]},
  }));
  const expected = productOf(product, a, b);
  expect(shape).toEqual(expected.shape);
  return errorOf(values, expected.values);
}
