import * as tf from '@tensorflow/tfjs-core';
import {expect, it} from 'vitest';
import {disableNativeKernels, enableNativeKernels} from '../../../../plugin/kernels/node/index.js';
import {registeredGradients} from '../../../support/registered_gradients.js';

it.each(['largeMargin', 'everywhere'] as const)(
  'on another backend all are off, with the reason: %s',
  scope => {
    const [gradients, step] = [registeredGradients(), tf.SGDOptimizer.prototype.applyGradients];
    const reports = enableNativeKernels({scope});
    expect(reports.length).toBeGreaterThan(6);
    for (const {state, reason} of reports) {
      expect([state, reason]).toEqual(['off', 'the backend is cpu, not tensorflow']);
    }
    expect(registeredGradients()).toEqual(gradients);
    expect(tf.SGDOptimizer.prototype.applyGradients).toBe(step);
    disableNativeKernels();
  },
);
