import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {mendTape} from '../../../../src/distance/mended_nodes.js';
import {sumOverCopies} from '../../../../src/distance/mends/copies.js';
import {expectClose} from '../../../support/expect_close.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {secondSlopes} from '../../../support/kernel_slopes.js';
import {randomTensor} from '../../../support/randoms.js';

/** The gradient of sum(dy * tile(x)) with tfjs's own gradient, or with ours. */
function gradientOf(x: tf.Tensor, copies: number[], dy: tf.Tensor, prepare = () => {}) {
  const f = (x: tf.Tensor) => {
    const y = tf.tile(x, copies);
    prepare();
    return tf.sum(tf.mul(y, dy)) as tf.Scalar;
  };
  return tf.tidy(() => tf.grad(f)(x));
}

describe('sumOverCopies', () => {
  it('adds up what each number became', () => {
    const dy = tf.tensor2d([1, 2, 10, 20, 100, 200, 1000, 2000], [2, 4]);
    // [a, b] tiled [2, 2]: a is in columns 0 and 2 of both rows.
    const dx = expectNoLeak(() => tf.tidy(() => sumOverCopies(dy, [1, 2])));
    expect(dx.shape).toEqual([1, 2]);
    expectClose(dx.dataSync(), [1 + 10 + 100 + 1000, 2 + 20 + 200 + 2000], 1e-6);
    tf.dispose([dy, dx]);
  });

  it("is tfjs's own gradient, whatever the shape and the copies", () => {
    const sizes = fc.array(fc.tuple(fc.integer({min: 1, max: 3}), fc.integer({min: 1, max: 3})), {
      ...{minLength: 1, maxLength: 4},
    });
    let worst = 0;
    fc.assert(
      fc.property(sizes, pairs => {
        const shape = pairs.map(([size]) => size);
        const copies = pairs.map(([, count]) => count);
        tf.tidy(() => {
          const x = randomTensor(shape, 1);
          const dy = randomTensor(
            pairs.map(([size, count]) => size * count),
            2,
          );
          const own = gradientOf(x, copies, dy);
          const ours = gradientOf(x, copies, dy, mendTape);
          expect(ours.shape).toEqual(own.shape);
          worst = Math.max(worst, tf.max(tf.abs(tf.sub(ours, own))).dataSync()[0]);
        });
      }),
      {numRuns: 60},
    );
    expect(worst).toBeLessThan(1e-5);
  });
});

describe('a mended tape', () => {
  it('sums without a slice for each copy', async () => {
    const x = tf.ones([1, 1, 1, 2]);
    const dy = tf.ones([4, 8, 8, 2]);
    const ours = await tf.profile(() => gradientOf(x, [4, 8, 8, 1], dy, mendTape));
    expect(ours.kernelNames).not.toContain('Slice');
    const stock = await tf.profile(() => gradientOf(x, [4, 8, 8, 1], dy));
    // What this is about; were it mended in tfjs, this file could go.
    expect(stock.kernels.filter(({name}) => name === 'Slice')).toHaveLength(256);
    tf.dispose([x, dy, ours.result, stock.result] as tf.Tensor[]);
  });

  it('differentiates tile twice', () => {
    const x = randomTensor([2, 1, 3], 3);
    const {claimed, measured} = secondSlopes(x => tf.tile(tf.square(x), [2, 3, 1]), x, mendTape);
    expect(Math.abs(claimed - measured)).toBeLessThan(1e-3 * Math.abs(measured));
    x.dispose();
  });
});
