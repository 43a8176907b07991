import {zerosLike, type GradConfig, type Tensor} from '@tensorflow/tfjs-core';
import {offTape} from './off_tape.js';
import {runKernel} from './run_kernel.js';

/**
 * The part that all backends share of a gradient's kernel that lets dy through, or not, place by place, as x says: linear
 * in dy, and without a slope for x.
 *
 * @param kernelName A name of its own, under which each backend registers {dy, x} -> what is let through.
 * @returns The kernel as a function, on the tape for dy only, and its gradient, to be registered.
 */
export function gateKernel(kernelName: string) {
  const run = (dy: Tensor, x: Tensor) => runKernel(kernelName, {dy, x: offTape(x)});
  const gradient: GradConfig = {
    kernelName,
    inputsToSave: ['x'],
    gradFunc: (g, [x]) => ({dy: () => run(g as Tensor, x), x: () => zerosLike(x)}),
  };
  return {run, gradient};
}
