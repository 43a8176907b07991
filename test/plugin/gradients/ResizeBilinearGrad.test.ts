import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import '../../../plugin/gradients/index.js';
import {resizeBilinearGradGradConfig} from '../../../plugin/gradients/ResizeBilinearGrad.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';
import {kernelSlopes, secondSlopes} from '../../support/kernel_slopes.js';
import {randomTensor} from '../../support/randoms.js';

type Resizing = [[number, number], [number, number], boolean];
// From and to which height and width, and whether corners are aligned.
const resizings: Resizing[] = [
  [[3, 4], [6, 8], false],
  [[3, 4], [5, 9], false],
  [[3, 4], [5, 9], true],
  [[7, 5], [3, 4], false],
  [[4, 4], [1, 1], false],
];

function setUp([from, to, alignCorners]: Resizing) {
  const images = randomTensor<tf.Tensor4D>([3, ...from, 2], 1);
  const dy = randomTensor<tf.Tensor4D>([3, ...to, 2], 2);
  return {inputs: {dy, images}, attrs: {alignCorners, halfPixelCenters: false, size: to}};
}

describe('the gradient of ResizeBilinearGrad', () => {
  it('is the one that is registered', () => {
    expect(tf.getGradient(tf.ResizeBilinearGrad)).toBe(resizeBilinearGradGradConfig);
  });

  it.each(resizings)('agrees with finite differences: from %s to %s, corners aligned %s', (...resizing) => {
    const {inputs, attrs} = setUp(resizing);
    for (const of of ['dy', 'images']) {
      // Linear in dy: any step is small.
      const {claimed, measured} = kernelSlopes(tf.ResizeBilinearGrad, inputs, attrs, of, 4);
      expectClose([claimed], [measured], 2e-5);
    }
    tf.dispose(inputs);
  });

  it.each(resizings)('makes a second derivative right: from %s to %s, corners aligned %s', (...resizing) => {
    const {inputs} = setUp(resizing);
    const [, to, aligned] = resizing;
    const f = (x: tf.Tensor) => tf.square(tf.image.resizeBilinear(tf.square(x) as tf.Tensor4D, to, aligned));
    const {claimed, measured} = secondSlopes(f, inputs.images);
    expectClose([claimed], [measured], 2e-4);
    tf.dispose(inputs);
  });

  it('leaves no tensor behind', () => {
    const {inputs, attrs} = setUp(resizings[0]);
    const run = (dy: tf.Tensor) =>
      tf.engine().runKernel(tf.ResizeBilinearGrad, {...inputs, dy}, attrs) as tf.Tensor;
    tf.dispose(expectNoLeak(() => tf.grad(run)(inputs.dy)));
    tf.dispose(inputs);
  });
});
