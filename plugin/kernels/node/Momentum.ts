import {MomentumOptimizer, neg, train} from '@tensorflow/tfjs-core';
import {isNative} from './native_backend.js';
import type {NativeKernel} from './native_kernel.js';
import type {MomentumFields} from '../optimizer_fields.js';
import {optimizerKernel, sampleSteps, slotAt} from '../optimizer_steps.js';
import {withResources} from './resources.js';

/** Momentum, also Nesterov's, in one operation for each variable. */
export const momentum: NativeKernel = {
  name: 'Momentum',
  optimizer: optimizerKernel(MomentumOptimizer, isNative, (optimizer, targets) => {
    const {c, m, useNesterov, accumulations} = optimizer as unknown as MomentumFields;
    const learningRate = neg(c);
    withResources(2, update => {
      targets.forEach((target, i) => {
        const accumulation = slotAt(accumulations, i, target, 'momentum');
        if (!target.gradient) return;
        const attributes = {use_nesterov: useNesterov};
        const inputs = [learningRate, target.gradient, m];
        update('ResourceApplyMomentum', [target.value, accumulation], inputs, attributes);
      });
    });
  }),
  sample: () =>
    [train.momentum(0.01, 0.9), train.momentum(0.02, 0.5, true)]
      .map(optimizer => {
        const {c, accumulations} = optimizer as unknown as MomentumFields;
        const results = sampleSteps(optimizer, () => accumulations);
        // The class forgets its learning rate.
        c.dispose();
        return results;
      })
      .flat(),
};
