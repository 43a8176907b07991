import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {resizeBilinearGrad, resizeNearestNeighborGrad} from '../../../../src/distance/mends/resizes.js';
import {expectClose} from '../../../support/expect_close.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';

const own = (kernel: string) => (inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap) =>
  tf.engine().runKernel(kernel, inputs, attrs) as tf.Tensor;
const attrsOf = (size: [number, number], halfPixelCenters = false) => ({
  alignCorners: false,
  halfPixelCenters,
  size,
});

describe('resizeNearestNeighborGrad', () => {
  it('adds up what each pixel became, in every example', () => {
    const images = tf.zeros([2, 1, 2, 1]);
    const dy = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 10, 20, 30, 40, 50, 60, 70, 80], [2, 2, 4, 1]);
    const run = () =>
      resizeNearestNeighborGrad({dy, images}, attrsOf([2, 4]), own(tf.ResizeNearestNeighborGrad));
    const dx = expectNoLeak(run);
    // 1 + 2 + 5 + 6 and 3 + 4 + 7 + 8; the stock kernel has the second example wrong.
    expectClose(dx.dataSync(), [14, 22, 140, 220], 1e-6);
    tf.dispose([images, dy, dx]);
  });
});

describe('resizeBilinearGrad', () => {
  it('has the shape of the pictures where they are not square', () => {
    const images = tf.zeros([1, 1, 2, 1]);
    const dy = tf.tensor4d([1, 10, 100, 1000], [1, 1, 4, 1]);
    const run = () => resizeBilinearGrad({dy, images}, attrsOf([1, 4]), own(tf.ResizeBilinearGrad));
    const dx = expectNoLeak(run);
    expect(dx.shape).toEqual([1, 1, 2, 1]);
    // The second of four pixels lies half way between the two, the last two show the second one.
    expectClose(dx.dataSync(), [6, 1105], 1e-6);
    tf.dispose([images, dy, dx]);
  });

  it('looks at half pixel centres, which the stock kernel ignores', () => {
    const images = tf.zeros([1, 1, 2, 1]);
    const dy = tf.tensor4d([1, 10, 100, 1000], [1, 1, 4, 1]);
    const run = () => resizeBilinearGrad({dy, images}, attrsOf([1, 4], true), own(tf.ResizeBilinearGrad));
    const dx = expectNoLeak(run);
    // Centres of four pixels on two: -0.25 (cut to 0), 0.25, 0.75, 1.25 (cut to 1).
    expectClose(dx.dataSync(), [1 + 7.5 + 25, 2.5 + 75 + 1000], 1e-6);
    tf.dispose([images, dy, dx]);
  });
});
