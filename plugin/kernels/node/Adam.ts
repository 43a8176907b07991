import {AdamOptimizer, mul, scalar, sqrt, sub, train, type Scalar} from '@tensorflow/tfjs-core';
import {isNative} from './native_backend.js';
import type {NativeKernel} from './native_kernel.js';
import type {AdamFields} from '../optimizer_fields.js';
import {optimizerKernel, sampleSteps, slotAt} from '../optimizer_steps.js';
import {withResources} from './resources.js';

/** Adam in one operation for each variable. */
export const adam: NativeKernel = {
  name: 'Adam',
  optimizer: optimizerKernel(AdamOptimizer, isNative, (optimizer, targets) => {
    const fields = optimizer as unknown as AdamFields;
    const {learningRate, beta1, beta2, accBeta1, accBeta2} = fields;
    // tfjs adds epsilon to the root of the corrected second moment, TensorFlow to that of the moment itself.
    const epsilon = mul(sqrt(sub(1, accBeta2)), fields.epsilon) as Scalar;
    const rates = [learningRate, beta1, beta2].map(value => scalar(value));
    withResources(3, update => {
      targets.forEach((target, i) => {
        const first = slotAt(fields.accumulatedFirstMoment, i, target, 'm');
        const second = slotAt(fields.accumulatedSecondMoment, i, target, 'v');
        if (!target.gradient) return;
        const inputs = [accBeta1, accBeta2, ...rates, epsilon, target.gradient];
        update('ResourceApplyAdam', [target.value, first, second], inputs, {use_nesterov: false});
      });
    });
    accBeta1.assign(mul(accBeta1, beta1));
    accBeta2.assign(mul(accBeta2, beta2));
  }),
  // TensorFlow takes 1 - beta2 in float32, which is off by 1.3e-5 of itself for 0.999.
  tolerance: 1e-4,
  sample: () =>
    [train.adam(0.01), train.adam(0.02, 0.8, 0.99, 1e-3)]
      .map(optimizer =>
        sampleSteps(optimizer, () => {
          const {accumulatedFirstMoment, accumulatedSecondMoment} = optimizer as unknown as AdamFields;
          return [...accumulatedFirstMoment, ...accumulatedSecondMoment];
        }),
      )
      .flat(),
};
