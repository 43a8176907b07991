import {batchNorm, clone, grads, randomUniform, type Tensor} from '@tensorflow/tfjs-core';
import {
  batchNormGradient,
  slopeOfMean,
  slopeOfVariance,
  type BatchNormCall,
  type BatchNormSlopes,
} from '../batch_norm_slopes.js';
import {FLOAT, isNative, runOp} from './native_backend.js';
import type {NativeKernel} from './native_kernel.js';

/**
 * The gradient of batch normalization. All that is large comes from one operation of TensorFlow; where a second
 * derivative is wanted, from tfjs's operations, each slope by itself and in fewer passes than tfjs's own.
 */
export const fusedBatchNorm: NativeKernel = {
  name: 'FusedBatchNorm',
  gradient: batchNormGradient(({x, mean}) => isNative() && mean.rank === 1 && x.size > 0, slopesByTensorFlow),
  sample: () => {
    const x = randomUniform([3, 2, 5, 4], -1, 3, 'float32', 1);
    const [mean, offset, scale] = [2, 3, 4].map(seed => randomUniform([4], -1, 1, 'float32', seed));
    const variance = randomUniform([4], 0.1, 2, 'float32', 5);
    const dy = randomUniform(x.shape, -1, 1, 'float32', 6);
    const all = grads(
      (x, mean, variance, offset, scale) => batchNorm(x, mean, variance, offset, scale, 1e-3) as Tensor,
    );
    return all([x, mean, variance, offset, scale], dy);
  },
};

function slopesByTensorFlow(dy: Tensor, call: BatchNormCall): BatchNormSlopes {
  const {x, mean, variance, scale, epsilon} = call;
  const attributes = {
    T: FLOAT,
    U: FLOAT,
    epsilon: {float: epsilon},
    data_format: 'NHWC',
    is_training: false,
  };
  const inputs = [dy, x, scale, mean, variance, variance];
  const [forX, forScale, forOffset, ...rest] = runOp('FusedBatchNormGradV3', attributes, inputs, 5);
  rest.forEach(t => t.dispose());
  return {
    x: () => forX,
    // Copies: tfjs may dispose of one before the others are asked for.
    scale: () => clone(forScale),
    offset: () => clone(forOffset),
    mean: () => slopeOfMean(call, forOffset),
    variance: () => slopeOfVariance(call, forScale),
  };
}
