import {engine, type Tensor} from '@tensorflow/tfjs-core';

/** A float32 tensor of these numbers, NaN among them too: in its debug mode tfjs lets nobody else make one. */
export function rawTensor(values: ArrayLike<number>, shape: number[]): Tensor {
  return engine().makeTensor(Float32Array.from(values), shape, 'float32');
}
