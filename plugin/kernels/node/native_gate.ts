import {tidy, type Tensor, type TensorInfo} from '@tensorflow/tfjs-core';
import {gateKernel} from '../gate_kernel.js';
import {NATIVE} from './native_backend.js';
import type {NativeKernel} from './native_kernel.js';

/**
 * A gate on tfjs-node: see `gateKernel`.
 *
 * @param compute What is let through, of dy's shape.
 * @returns What is to be registered, and the kernel as a function, on the tape for dy only.
 */
export function nativeGate(kernelName: string, compute: (dy: Tensor, x: Tensor) => Tensor) {
  const {run, gradient} = gateKernel(kernelName);
  const own: NonNullable<NativeKernel['own']> = {
    kernel: {
      kernelName,
      backendName: NATIVE,
      kernelFunc: ({inputs}) => tidy(() => compute(inputs.dy as Tensor, inputs.x as Tensor)) as TensorInfo,
    },
    gradient,
  };
  return {own, run};
}
