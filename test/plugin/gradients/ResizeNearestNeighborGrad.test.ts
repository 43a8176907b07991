import * as tf from '@tensorflow/tfjs-core';
import '../../../plugin/gradients/index.js';
import {resizeNearestNeighborGradGradConfig} from '../../../plugin/gradients/ResizeNearestNeighborGrad.js';
import {describeGradient} from '../../support/gradient_suite.js';
import {randomTensor} from '../../support/randoms.js';
import {resizings, type Resizing} from '../../support/windows.js';

describeGradient<Resizing>({
  kernel: tf.ResizeNearestNeighborGrad,
  config: resizeNearestNeighborGradGradConfig,
  cases: resizings,
  title: 'from %s to %s, corners aligned %s',
  setUp(from, to, alignCorners) {
    const images = randomTensor<tf.Tensor4D>([3, ...from, 2], 1);
    const dy = randomTensor<tf.Tensor4D>([3, ...to, 2], 2);
    return {
      inputs: {dy, images},
      attrs: {alignCorners, halfPixelCenters: false, size: to},
      forward: x => tf.square(tf.image.resizeNearestNeighbor(tf.square(x) as tf.Tensor4D, to, alignCorners)),
      at: images,
    };
  },
  bound: 2e-4,
});
