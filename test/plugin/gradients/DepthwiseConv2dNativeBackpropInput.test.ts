import * as tf from '@tensorflow/tfjs-core';
import '../../../plugin/gradients/index.js';
import {depthwiseConv2dNativeBackpropInputGradConfig} from '../../../plugin/gradients/DepthwiseConv2dNativeBackpropInput.js';
import {describeGradient} from '../../support/gradient_suite.js';
import {randomTensor} from '../../support/randoms.js';
import {convolutions, type Convolution} from '../../support/windows.js';

describeGradient<Convolution>({
  kernel: tf.DepthwiseConv2dNativeBackpropInput,
  config: depthwiseConv2dNativeBackpropInputGradConfig,
  cases: convolutions,
  title: 'picture %s, window %s, stride %s, %s',
  setUp(size, window, strides, pad) {
    const x = randomTensor<tf.Tensor4D>([2, ...size, 2], 1);
    const filter = randomTensor<tf.Tensor4D>([...window, 2, 2], 2);
    const dy = tf.tidy(() => randomTensor<tf.Tensor4D>(tf.depthwiseConv2d(x, filter, strides, pad).shape, 3));
    return {
      inputs: {dy, filter},
      attrs: {strides, pad, dilations: [1, 1], inputShape: x.shape},
      forward: x => tf.square(tf.depthwiseConv2d(tf.square(x) as tf.Tensor4D, filter, strides, pad)),
      at: x,
    };
  },
  bound: 5e-4,
});
