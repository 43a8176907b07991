import {
  avgPool,
  AvgPoolGrad,
  zerosLike,
  type AvgPoolGradAttrs,
  type GradConfig,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

/** AvgPoolGrad is linear in dy, the transpose of the pooling: its slope for dy is the pooling of g. */
export const avgPoolGradGradConfig: GradConfig = {
  kernelName: AvgPoolGrad,
  inputsToSave: ['input'],
  gradFunc: (g, saved, attrs) => {
    const {filterSize, strides, pad} = attrs as unknown as AvgPoolGradAttrs;
    return {
      dy: () => avgPool(g as Tensor4D, filterSize, strides, pad as 'valid'),
      input: () => zerosLike(saved[0]) as Tensor,
    };
  },
};
