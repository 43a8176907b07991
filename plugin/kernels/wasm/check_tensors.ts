import {util, type TensorInfo} from '@tensorflow/tfjs-core';

/**
 * Refuses tensors that would be misread where they lie: the module sees bytes, neither types nor sizes.
 *
 * @param tensors By name, each with the shape that the kernel's other arguments give it.
 * @throws Error that names the first one that is not float32 or has another shape.
 */
export function checkTensors(
  kernelName: string,
  tensors: Record<string, readonly [tensor: Pick<TensorInfo, 'dtype' | 'shape'>, shape: number[]]>,
): void {
  for (const [name, [{dtype, shape}, expected]] of Object.entries(tensors)) {
    if (dtype === 'float32' && util.arraysEqual(shape, expected)) continue;
    throw new Error(`${kernelName}: expected ${name} to be float32 [${expected}], got ${dtype} [${shape}]`);
  }
}
