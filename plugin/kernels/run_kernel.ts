import {engine, type NamedAttrMap, type NamedTensorMap, type Tensor} from '@tensorflow/tfjs-core';

/** Runs a kernel by its name, as tfjs's operations do. */
export function runKernel<T extends Tensor | Tensor[] = Tensor>(
  name: string,
  inputs: NamedTensorMap,
  attrs: object = {},
): T {
  return engine().runKernel(name, inputs, attrs as NamedAttrMap) as T;
}
