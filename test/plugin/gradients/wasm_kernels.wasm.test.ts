/** The second derivatives of everything that wasm computes by kernels of ours: the tests of the native engine, once more. */
import '../../../plugin/kernels/wasm/index.js';
import './AvgPoolGrad.test.js';
import './Conv2DBackpropFilter.test.js';
import './DepthwiseConv2dNativeBackpropFilter.test.js';
import './DepthwiseConv2dNativeBackpropInput.test.js';
import './MaxPoolGrad.test.js';
