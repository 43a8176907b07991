import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import '../../../../plugin/kernels/wasm/index.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {plusBias, productOf} from '../../../support/product_oracle.js';
import {randomTensor} from '../../../support/randoms.js';
import {errorOf, expectRunsOn} from '../../../support/wasm_calls.js';
import {startWasmOn, WAYS} from '../../../support/wasm_engine.js';

/** Rows, terms, columns. */
const sizes = [
  [1, 1, 1],
  [3, 7, 5],
  [5, 300, 9],
  [4, 8, 8],
  [17, 33, 600],
  [2, 1, 3],
];

describe.each(WAYS)('_FusedMatMul on %s', way => {
  beforeAll(async () => void (await startWasmOn(way)));

  it('runs there', () => expectRunsOn(tf._FusedMatMul, way));

  const product = (a: tf.Tensor, b: tf.Tensor, bias: tf.Tensor | undefined, activation?: 'relu') =>
    tf.fused.matMul({a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias, activation});

  it.each(sizes)('is a product plus a bias: %d x %d x %d', (rows, terms, columns) => {
    const [a, b, bias] = [
      randomTensor([rows, terms], 1),
      randomTensor([terms, columns], 2),
      randomTensor([columns], 3),
    ];
    const plain = productOf({batches: [[], []], rows, terms, columns}, a.dataSync(), b.dataSync()).values;
    const exact = plusBias(plain, bias.dataSync());
    const got = expectNoLeak(() => product(a, b, bias));
    expect(got.shape).toEqual([rows, columns]);
    expect(errorOf(got.dataSync(), exact)).toBeLessThan(2e-6);
    const activated = product(a, b, bias, 'relu').dataSync();
    expect(
      errorOf(
        activated,
        exact.map(x => Math.max(0, x)),
      ),
    ).toBeLessThan(2e-6);
    expect(errorOf(product(a, b, undefined).dataSync(), plain)).toBeLessThan(2e-6);
  });

  it('passes NaN and infinities on, and sees weights that were assigned anew', () => {
    const b = tf.variable(tf.tensor2d([1, 2], [1, 2]));
    const a = tf.tensor2d([NaN, 1], [2, 1]);
    expect(Array.from(product(a, b, tf.tensor1d([1, -Infinity])).dataSync())).toEqual([
      NaN,
      NaN,
      2,
      -Infinity,
    ]);
    b.assign(tf.tensor2d([3, 4], [1, 2]));
    expect(Array.from(product(a, b, tf.tensor1d([1, 1])).dataSync())).toEqual([NaN, NaN, 4, 5]);
    b.dispose();
  });

  it('refuses what tfjs refuses', () => {
    expect(() => product(tf.ones([2, 3]), tf.ones([4, 2]), tf.ones([2]))).toThrow('inner shapes');
  });
});
