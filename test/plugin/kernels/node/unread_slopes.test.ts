import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {sortLiveTape} from '../../../../src/distance/live_tape.js';
import {expectClose} from '../../../support/expect_close.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {secondSlopes} from '../../../support/kernel_slopes.js';
import {expectSame, operationsRunBy, withNativeKernels} from '../../../support/native_kernels.js';
import {randomTensor} from '../../../support/randoms.js';

const x = randomTensor<tf.Tensor4D>([4, 8, 8, 8], 1);
const filter = randomTensor<tf.Tensor4D>([3, 3, 8, 8], 2);
const bias = randomTensor<tf.Tensor1D>([8], 3);
const conv = (x: tf.Tensor, filter: tf.Tensor) =>
  tf.fused.conv2d({
    x: x as tf.Tensor4D,
    filter: filter as tf.Tensor4D,
    strides: 1,
    pad: 'same',
    bias,
  }) as tf.Tensor;
const [a, b] = [randomTensor<tf.Tensor2D>([110, 100], 4), randomTensor<tf.Tensor2D>([100, 120], 5)];
const dense = (a: tf.Tensor, b: tf.Tensor) => tf.fused.matMul({a, b}) as tf.Tensor;

describe('slopes that nobody reads', () => {
  it('are not computed: of a convolution', () => {
    const slopeOfX = () =>
      operationsRunBy(
        () =>
          void tf
            .grad(x => conv(x, filter))(x)
            .dataSync(),
      );
    const slopeOfFilter = () =>
      operationsRunBy(
        () =>
          void tf
            .grad(f => conv(x, f))(filter)
            .dataSync(),
      );
    expect(slopeOfX()).toContain('Conv2DBackpropFilter');
    expect(slopeOfFilter()).toContain('Conv2DBackpropInput');
    expect(withNativeKernels(slopeOfX)).not.toContain('Conv2DBackpropFilter');
    expect(withNativeKernels(slopeOfX)).toContain('Conv2DBackpropInput');
    expect(withNativeKernels(slopeOfFilter)).not.toContain('Conv2DBackpropInput');
    expect(withNativeKernels(slopeOfFilter)).toContain('Conv2DBackpropFilter');
  });

  it('are not computed: of a dense layer', () => {
    const products = () =>
      operationsRunBy(
        () =>
          void tf
            .grad(a => dense(a, b))(a)
            .dataSync(),
      ).filter(name => name === 'BatchMatMulV2');
    // Forward and both slopes.
    expect(products()).toHaveLength(3);
    expect(withNativeKernels(products)).toHaveLength(2);
  });

  it('leave those that are read what they are', () => {
    for (const slopes of [() => tf.grads(conv)([x, filter]), () => tf.grads(dense)([a, b])]) {
      const stock = slopes();
      withNativeKernels(slopes).forEach((slope, i) => expectSame(slope, stock[i], 1e-6));
    }
  });

  it.each<[number[], number[], boolean, boolean]>([
    [[120, 100], [100, 110], false, false],
    [[100, 120], [100, 110], true, false],
    [[120, 100], [110, 100], false, true],
    [[100, 120], [110, 100], true, true],
    [[3, 80, 70], [3, 70, 90], false, false],
    [[1, 80, 120], [3, 120, 90], false, false],
    [[2, 3], [3, 2], false, false],
  ])(
    'leave products what they are: %s by %s, transposed %s, %s',
    (aShape, bShape, transposeA, transposeB) => {
      const [a, b] = [randomTensor(aShape, 1), randomTensor(bShape, 2)];
      const product = () => tf.matMul(a, b, transposeA, transposeB);
      const [ours, stock] = [withNativeKernels(product), product()];
      expect(ours.shape).toEqual(stock.shape);
      expectSame(ours, stock, 1e-6);
    },
  );

  it('make second derivatives right', () => {
    const f = (x: tf.Tensor) => tf.tanh(conv(x, tf.mul(filter, 0.1)));
    const {claimed, measured} = withNativeKernels(() => secondSlopes(f, x, sortLiveTape));
    expectClose([claimed], [measured], 3e-3);
  });

  it('leave no tensor behind', () => {
    withNativeKernels(() => {
      expectNoLeak(() => tf.grads(conv)([x, filter]));
      expectNoLeak(() => tf.grads(dense)([a, b]));
      expectNoLeak(() => tf.grad(a => dense(a, b))(a));
      expectNoLeak(() => tf.matMul(a, b));
    });
  });
});
