import {
  avgPool3d,
  AvgPool3DGrad,
  zerosLike,
  type AvgPool3DGradAttrs,
  type GradConfig,
  type Tensor,
  type Tensor5D,
} from '@tensorflow/tfjs-core';

/** AvgPool3DGrad is linear in dy, the transpose of the pooling: its slope for dy is the pooling of g. */
export const avgPool3DGradGradConfig: GradConfig = {
  kernelName: AvgPool3DGrad,
  inputsToSave: ['input'],
  gradFunc: (g, saved, attrs) => {
    const {filterSize, strides, pad, dimRoundingMode} = attrs as unknown as AvgPool3DGradAttrs;
    const pool = (x: Tensor5D) =>
      avgPool3d(x, filterSize as number, strides as number, pad as 'valid', dimRoundingMode);
    return {dy: () => pool(g as Tensor5D), input: () => zerosLike(saved[0]) as Tensor};
  },
};
