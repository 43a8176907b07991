import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {nativeBackend} from '../../../../plugin/kernels/node/native_backend.js';
import {expectClose} from '../../../support/expect_close.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {kernelSlopes, secondSlopes} from '../../../support/kernel_slopes.js';
import {
  expectSame,
  kernelsRunBy,
  operationsRunBy,
  withNativeKernels,
} from '../../../support/native_kernels.js';
import {randomTensor} from '../../../support/randoms.js';

type Window = [number | [number, number], number | [number, number], 'valid' | 'same'];
const windows: Window[] = [
  [2, 2, 'valid'],
  [2, 2, 'same'],
  [3, 2, 'valid'],
  [3, 2, 'same'],
  [3, 1, 'same'],
  [2, 3, 'same'],
  [1, 1, 'valid'],
  [[3, 2], [1, 2], 'same'],
];
const sizes: Array<[number, number]> = [
  [4, 4],
  [5, 7],
  [8, 6],
];
const kinds: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  'of any sign': x => x,
  'with ties': x => tf.round(tf.mul(x, 1.5)),
  'all below 0': x => tf.sub(tf.neg(tf.abs(x)), 0.1),
  'all equal': x => tf.zerosLike(x),
  'after relu': x => tf.relu(x),
  'with NaN': x => tf.where(tf.less(x, -1), NaN, x),
  'with infinities': x => tf.where(tf.greater(x, 1), Infinity, tf.where(tf.less(x, -1), -Infinity, x)),
};

const pooling =
  ([size, stride, pad]: Window) =>
  (x: tf.Tensor) =>
    tf.maxPool(x as tf.Tensor4D, size, stride, pad) as tf.Tensor;

describe("max pool's faster gradient", () => {
  describe.each(Object.entries(kinds))('of values %s', (_, make) => {
    it.each(windows)('is what tfjs computes: window %s, stride %s, %s', (...window) => {
      const pool = pooling(window);
      for (const [i, size] of sizes.entries()) {
        const x = make(randomTensor([3, ...size, 5], i));
        const dy = randomTensor(pool(x).shape, 10 + i);
        expectSame(
          withNativeKernels(() => pool(x)),
          pool(x),
        );
        const slope = () => tf.grad(pool)(x, dy);
        // Where windows overlap, dys are added in another order.
        expectSame(withNativeKernels(slope), slope(), 1e-6);
      }
    });
  });

  it('is computed by oneDNN, from an odd number of channels on', () => {
    const x = randomTensor([2, 6, 6, 1], 1);
    const names = withNativeKernels(() => kernelsRunBy(() => tf.grad(pooling([2, 2, 'valid']))(x)));
    expect(names).toContain('LargeMarginMaxPoolGrad');
    expect(names).not.toContain('MaxPoolGrad');
  });

  it('finds the places once, where the tape is the one that pooled', () => {
    const pool = pooling([2, 2, 'valid']);
    const x = randomTensor([2, 6, 6, 16], 1);
    const operations = (f: () => void) => operationsRunBy(f).filter(name => name.startsWith('_Mkl'));
    const walked = withNativeKernels(() => operations(() => void tf.grad(pool)(x)));
    expect(walked).toEqual(['_MklNativeMaxPool', '_MklNativeMaxPoolGrad']);
    // A step of another model in between, on a tape of its own, makes it find them again.
    const torn = withNativeKernels(() =>
      operations(() => {
        const {grads} = tf.tidy(() =>
          tf.engine().gradients(
            () => {
              const y = pool(x);
              tf.engine().state.activeTape = [...tf.engine().state.activeTape];
              pool(x);
              return y;
            },
            [x],
            tf.ones(pool(x).shape),
          ),
        );
        expectSame(grads[0], tf.grad(pool)(x));
      }),
    );
    expect(torn.filter(name => name === '_MklNativeMaxPool')).toHaveLength(5);
  });

  it("keeps nothing, also not of TensorFlow's own, once it is gone", () => {
    const pool = pooling([2, 2, 'valid']);
    const x = randomTensor([2, 6, 6, 16], 1);
    const count = () => (nativeBackend() as unknown as {getNumOfTFTensors(): number}).getNumOfTFTensors();
    withNativeKernels(() => pool(x).dispose());
    const before = count();
    withNativeKernels(() => {
      for (let i = 0; i < 3; i++) tf.dispose([tf.grad(pool)(x), pool(x)]);
      // Of the last tape alone.
      expect(count() - before).toBe(1);
    });
    expect(count()).toBe(before);
  });

  it('passes NaN in dy on', () => {
    const x = randomTensor([1, 4, 4, 2], 1);
    const dy = tf.tensor4d([NaN, 1, 2, Infinity, -1, 3, -Infinity, 5], [1, 2, 2, 2]);
    const slope = () => tf.grad(pooling([2, 2, 'valid']))(x, dy);
    expectSame(withNativeKernels(slope), slope());
  });

  it.each(windows)('agrees with finite differences in dy: window %s, stride %s, %s', (...window) => {
    const x = randomTensor<tf.Tensor4D>([2, 6, 5, 3], 3);
    const y = pooling(window)(x);
    const dy = randomTensor(y.shape, 4);
    const attrs = {filterSize: window[0], strides: window[1], pad: window[2]};
    withNativeKernels(() => {
      // Linear in dy: any step is small.
      const {claimed, measured} = kernelSlopes('LargeMarginMaxPoolGrad', {dy, x, y}, attrs, 'dy', 4);
      expectClose([claimed], [measured], 2e-5);
    });
  });

  it.each(windows)('makes a second derivative right: window %s, stride %s, %s', (...window) => {
    const x = randomTensor([2, 5, 6, 2], 5);
    const f = (x: tf.Tensor) => tf.square(pooling(window)(tf.square(x)));
    const {claimed, measured} = withNativeKernels(() => secondSlopes(f, x));
    expectClose([claimed], [measured], 2e-3);
  });

  it('leaves no tensor behind', () => {
    const x = randomTensor([2, 4, 4, 2], 1);
    const [pool, bad] = [pooling([3, 2, 'same']), tf.fill([1, 4, 4, 1], NaN)];
    withNativeKernels(() => {
      expectNoLeak(() => tf.grad(pool)(x));
      expectNoLeak(() => tf.grad(pool)(bad));
      expectNoLeak(() => tf.grad(x => tf.grad(x => tf.square(pool(x)))(x))(x));
    });
  });
});
