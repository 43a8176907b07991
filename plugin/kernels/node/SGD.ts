import {neg, SGDOptimizer, train} from '@tensorflow/tfjs-core';
import {isNative} from './native_backend.js';
import type {NativeKernel} from './native_kernel.js';
import type {SGDFields} from '../optimizer_fields.js';
import {optimizerKernel, sampleSteps} from '../optimizer_steps.js';
import {withResources} from './resources.js';

/** Gradient descent in one operation for each variable. */
export const sgd: NativeKernel = {
  name: 'SGD',
  optimizer: optimizerKernel(SGDOptimizer, isNative, (optimizer, targets) => {
    const learningRate = neg((optimizer as unknown as SGDFields).c);
    withResources(1, update => {
      for (const {value, gradient} of targets) {
        if (gradient) update('ResourceApplyGradientDescent', [value], [learningRate, gradient]);
      }
    });
  }),
  sample: () => sampleSteps(train.sgd(0.03), () => []),
};
