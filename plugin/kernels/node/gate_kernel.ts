import {engine, tidy, zerosLike, type Tensor, type TensorInfo} from '@tensorflow/tfjs-core';
import {NATIVE} from './native_backend.js';
import type {NativeKernel} from './native_kernel.js';
import {offTape} from './off_tape.js';

/**
 * Makes a kernel of a gradient that lets dy through, or not, place by place, as x says: linear in dy, and without a
 * slope for x.
 *
 * @param kernelName A name of its own.
 * @param compute What is let through, of dy's shape.
 * @returns What is to be registered, and the kernel as a function, on the tape for dy only.
 */
export function gateKernel(kernelName: string, compute: (dy: Tensor, x: Tensor) => Tensor) {
  const run = (dy: Tensor, x: Tensor) => engine().runKernel(kernelName, {dy, x: offTape(x)}) as Tensor;
  const own: NonNullable<NativeKernel['own']> = {
    kernel: {
      kernelName,
      backendName: NATIVE,
      kernelFunc: ({inputs}) => tidy(() => compute(inputs.dy as Tensor, inputs.x as Tensor)) as TensorInfo,
    },
    gradient: {
      kernelName,
      inputsToSave: ['x'],
      gradFunc: (g, [x]) => ({dy: () => run(g as Tensor, x), x: () => zerosLike(x)}),
    },
  };
  return {own, run};
}
