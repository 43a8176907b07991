import {RMSPropOptimizer, scalar, train} from '@tensorflow/tfjs-core';
import {isNative} from './native_backend.js';
import type {NativeKernel} from './native_kernel.js';
import type {RMSPropFields} from '../optimizer_fields.js';
import {optimizerKernel, sampleSteps, slotAt} from '../optimizer_steps.js';
import {withResources} from './resources.js';

/** RMSProp, plain and centered, in one operation for each variable. */
export const rmsProp: NativeKernel = {
  name: 'RMSProp',
  optimizer: optimizerKernel(RMSPropOptimizer, isNative, (optimizer, targets) => {
    const fields = optimizer as unknown as RMSPropFields;
    const {learningRate, decay, momentum, centered} = fields;
    // Under the root tfjs subtracts epsilon when centered; TensorFlow adds it.
    const epsilon = centered ? -fields.epsilon : fields.epsilon;
    const constants = [learningRate, decay, momentum, epsilon].map(value => scalar(value));
    withResources(4, update => {
      targets.forEach((target, i) => {
        const meanSquare = slotAt(fields.accumulatedMeanSquares, i, target, 'rms');
        const moment = slotAt(fields.accumulatedMoments, i, target, 'momentum');
        const meanGrad = centered ? [slotAt(fields.accumulatedMeanGrads, i, target, 'mg')] : [];
        if (!target.gradient) return;
        const operation = centered ? 'ResourceApplyCenteredRMSProp' : 'ResourceApplyRMSProp';
        const variables = [target.value, ...meanGrad, meanSquare, moment];
        update(operation, variables, [...constants, target.gradient]);
      });
    });
  }),
  sample: () =>
    [train.rmsprop(0.01), train.rmsprop(0.02, 0.8, 0.5, 1e-6), train.rmsprop(0.01, 0.7, 0.3, 1e-9, true)]
      .map(optimizer =>
        sampleSteps(optimizer, () => {
          const {accumulatedMeanSquares, accumulatedMoments, accumulatedMeanGrads} =
            optimizer as unknown as RMSPropFields;
          return [...accumulatedMeanSquares, ...accumulatedMoments, ...accumulatedMeanGrads];
        }),
      )
      .flat(),
};
