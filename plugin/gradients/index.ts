import {getGradient, registerGradient} from '@tensorflow/tfjs-core';
import {avgPool3DGradGradConfig} from './AvgPool3DGrad.js';
import {avgPoolGradGradConfig} from './AvgPoolGrad.js';
import {comparisonGradConfigs} from './comparisons.js';
import {conv2DBackpropFilterGradConfig} from './Conv2DBackpropFilter.js';
import {depthwiseConv2dNativeBackpropFilterGradConfig} from './DepthwiseConv2dNativeBackpropFilter.js';
import {depthwiseConv2dNativeBackpropInputGradConfig} from './DepthwiseConv2dNativeBackpropInput.js';
import {eluGradGradConfig} from './EluGrad.js';
import {maxPoolGradGradConfig} from './MaxPoolGrad.js';
import {resizeBilinearGradGradConfig} from './ResizeBilinearGrad.js';
import {resizeNearestNeighborGradGradConfig} from './ResizeNearestNeighborGrad.js';

/** Gradients that tfjs lacks. What tfjs, or somebody else, has registered is never replaced. */
const gradientConfigs = [
  ...comparisonGradConfigs,
  avgPool3DGradGradConfig,
  avgPoolGradGradConfig,
  conv2DBackpropFilterGradConfig,
  depthwiseConv2dNativeBackpropFilterGradConfig,
  depthwiseConv2dNativeBackpropInputGradConfig,
  eluGradGradConfig,
  maxPoolGradGradConfig,
  resizeBilinearGradGradConfig,
  resizeNearestNeighborGradGradConfig,
];

for (const config of gradientConfigs) {
  if (getGradient(config.kernelName) == null) registerGradient(config);
}
