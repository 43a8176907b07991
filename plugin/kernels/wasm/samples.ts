import {
  engine,
  randomUniform,
  type NamedAttrMap,
  type NamedTensorMap,
  type Tensor,
} from '@tensorflow/tfjs-core';

/** Random float32 numbers, the same at each call. */
export function random(shape: number[], seed: number, low = -1, high = 1): Tensor {
  return randomUniform(shape, low, high, 'float32', seed);
}

/** Runs a kernel by its name, as tfjs's operations do. */
export function runKernel<T extends Tensor | Tensor[] = Tensor>(
  name: string,
  inputs: NamedTensorMap,
  attrs: object = {},
): T {
  return engine().runKernel(name, inputs, attrs as NamedAttrMap) as T;
}
