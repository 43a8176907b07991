import * as tf from '@tensorflow/tfjs-core';
import '../../../plugin/gradients/index.js';
import {depthwiseConv2dNativeBackpropFilterGradConfig} from '../../../plugin/gradients/DepthwiseConv2dNativeBackpropFilter.js';
import {describeGradient} from '../../support/gradient_suite.js';
import {randomTensor} from '../../support/randoms.js';
import {convolutions, type Convolution} from '../../support/windows.js';

describeGradient<Convolution>({
  kernel: tf.DepthwiseConv2dNativeBackpropFilter,
  config: depthwiseConv2dNativeBackpropFilterGradConfig,
  cases: convolutions,
  title: 'picture %s, window %s, stride %s, %s',
  setUp(size, window, strides, pad) {
    const x = randomTensor<tf.Tensor4D>([2, ...size, 2], 1);
    const filter = randomTensor<tf.Tensor4D>([...window, 2, 2], 2);
    const dy = tf.tidy(() => randomTensor<tf.Tensor4D>(tf.depthwiseConv2d(x, filter, strides, pad).shape, 3));
    return {
      inputs: {x, dy},
      attrs: {strides, pad, dilations: [1, 1], filterShape: filter.shape},
      forward: filter => tf.square(tf.depthwiseConv2d(x, filter as tf.Tensor4D, strides, pad)),
      at: filter,
    };
  },
  bound: 5e-4,
});
