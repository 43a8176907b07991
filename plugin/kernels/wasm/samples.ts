import {randomUniform, type Tensor} from '@tensorflow/tfjs-core';

/** Random float32 numbers, the same at each call. */
export function random(shape: number[], seed: number, low = -1, high = 1): Tensor {
  return randomUniform(shape, low, high, 'float32', seed);
}
