import {getGradient, registerGradient} from '@tensorflow/tfjs-core';
import {avgPoolGradGradConfig} from './AvgPoolGrad.js';
import {eluGradGradConfig} from './EluGrad.js';
import {maxPoolGradGradConfig} from './MaxPoolGrad.js';

/** Second-order gradients that tfjs lacks. What tfjs, or somebody else, has registered is never replaced. */
const gradientConfigs = [avgPoolGradGradConfig, eluGradGradConfig, maxPoolGradGradConfig];

for (const config of gradientConfigs) {
  if (getGradient(config.kernelName) == null) registerGradient(config);
}
