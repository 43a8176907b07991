import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {expectClose} from '../../../support/expect_close.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {kernelSlopes, secondSlopes} from '../../../support/kernel_slopes.js';
import {expectSame, kernelsRunBy, withNativeKernels} from '../../../support/native_kernels.js';
import {randomTensor} from '../../../support/randoms.js';

const odd = [NaN, Infinity, -Infinity, -0, 0, 1e-30, -1e-30, 2, -2, 3e38];
const slope = (x: tf.Tensor, dy: tf.Tensor) => tf.grad(tf.relu)(x, dy);

describe("relu's faster gradient", () => {
  it.each([[[7]], [[3, 5]], [[2, 5, 3]], [[2, 4, 5, 3]], [[1, 1]], [[0, 3]]])(
    'is exactly what tfjs computes, shape %s',
    shape => {
      const [x, dy] = [randomTensor(shape, 1), randomTensor(shape, 2)];
      const stock = slope(x, dy);
      expectSame(
        withNativeKernels(() => slope(x, dy)),
        stock,
      );
    },
  );

  it('passes NaN and infinities on as tfjs does, in x and in dy', () => {
    // Every odd value of x with every odd value of dy, in one tensor and each pair alone.
    const pairs = odd.flatMap(x => odd.map(dy => [x, dy]));
    const all = [tf.tensor1d(pairs.map(([x]) => x)), tf.tensor1d(pairs.map(([, dy]) => dy))];
    expectSame(
      withNativeKernels(() => slope(all[0], all[1])),
      slope(all[0], all[1]),
    );
    withNativeKernels(() => {
      for (const [x, dy] of pairs) {
        const [got] = slope(tf.tensor1d([x]), tf.tensor1d([dy])).dataSync();
        expect(got, `x ${x}, dy ${dy}`).toEqual(Math.fround(dy * (Number.isNaN(x) ? NaN : x > 0 ? 1 : 0)));
      }
    });
  });

  it('needs no Step', () => {
    const x = randomTensor([3, 4], 1);
    const run = () => kernelsRunBy(() => slope(x, x));
    expect(run()).toContain('Step');
    const names = withNativeKernels(run);
    expect(names).toContain('LargeMarginReluGrad');
    expect(names).not.toContain('Step');
  });

  it('agrees with finite differences in dy, and makes a second derivative right', () => {
    const [x, dy] = [randomTensor([4, 6], 3), randomTensor([4, 6], 4)];
    withNativeKernels(() => {
      // Linear in dy: any step is small.
      const own = kernelSlopes('LargeMarginReluGrad', {dy, x}, {}, 'dy', 4);
      expectClose([own.claimed], [own.measured], 2e-5);
      const second = secondSlopes(x => tf.square(tf.relu(tf.square(tf.relu(x)))), x);
      expectClose([second.claimed], [second.measured], 2e-3);
    });
  });

  it('has the same second derivative as tfjs', () => {
    const [x, dy, c] = [1, 2, 3].map(seed => randomTensor([5, 4], seed));
    const gradient = tf.grad(x => tf.square(tf.relu(x)));
    const second = () => tf.grad(x => gradient(x, dy))(x, c);
    expectSame(withNativeKernels(second), second(), 1e-6);
  });

  it('leaves no tensor behind', () => {
    const [x, dy] = [randomTensor([3, 4], 1), randomTensor([3, 4], 2)];
    const bad = tf.tensor1d([1, NaN]);
    withNativeKernels(() => {
      expectNoLeak(() => slope(x, dy));
      expectNoLeak(() => slope(bad, bad));
      expectNoLeak(() => tf.grad(x => tf.grad(x => tf.square(tf.relu(x)))(x, dy))(x));
    });
  });
});
