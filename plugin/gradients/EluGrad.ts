import {cast, EluGrad, engine, less, mul, tidy, type GradConfig, type Tensor} from '@tensorflow/tfjs-core';

/**
 * EluGrad(dy, y) = dy * (y < 0 ? y + 1 : 1), with y the output of elu; its slopes are EluGrad itself for dy, and
 * g * dy where y < 0 for y.
 */
export const eluGradGradConfig: GradConfig = {
  kernelName: EluGrad,
  inputsToSave: ['dy', 'y'],
  gradFunc: (g, saved) => {
    const [dy, y] = saved;
    return {
      dy: () => engine().runKernel(EluGrad, {dy: g as Tensor, y}) as Tensor,
      y: () => tidy(() => mul(mul(g as Tensor, dy), cast(less(y, 0), 'float32'))),
    };
  },
};
