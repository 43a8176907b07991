import {type NamedTensorMap, type Tensor, type TensorInfo, type Variable} from '@tensorflow/tfjs-core';
import {runKernel} from '../run_kernel.js';
import {checkTensors} from './check_tensors.js';
import {makeTensors} from './make_tensors.js';
import {rawTensor} from './raw_tensor.js';
import {random} from './samples.js';
import {pointerTo, type WasmBackend} from './wasm_backend.js';

/**
 * Runs the kernel of a step and assigns what it makes to the variables, in their order. Their old values are never written
 * to: tfjs's convolutions remember a filter by its data, which clones share.
 */
export function updateVariables(
  kernelName: string,
  variables: Record<string, Variable>,
  inputs: Record<string, Tensor>,
  attrs?: object,
): void {
  const made = runKernel<Tensor[]>(kernelName, {...variables, ...inputs}, attrs);
  Object.values(variables).forEach((variable, i) => variable.assign(made[i]));
}

/**
 * Makes what a step's kernel makes.
 *
 * @param names Of the inputs that have the shape of the first; each that is no gradient has an output.
 * @param f Gets how many numbers there are, and where inputs and outputs begin.
 */
export function makeStep(
  backend: WasmBackend,
  kernelName: string,
  inputs: NamedTensorMap,
  names: string[],
  f: (size: number, inputs: Record<string, number>, outputs: number[]) => void,
): TensorInfo[] {
  const {shape, size} = inputs[names[0]];
  checkTensors(kernelName, Object.fromEntries(names.map(name => [name, [inputs[name], shape]])));
  const shapes = names.filter(name => name !== 'gradient').map(() => shape);
  return makeTensors(backend, kernelName, shapes, outputs => {
    const pointers = Object.entries(inputs).map(([name, tensor]) => [name, pointerTo(backend, tensor)]);
    f(size, Object.fromEntries(pointers) as Record<string, number>, outputs);
  });
}

/**
 * Runs the kernel of a step on small cases: numbers of all sorts, and gradients that are 0, NaN and infinite.
 *
 * @param names As for `makeStep`; those of squares, which are above 1, have "quare" or "econd" in them.
 */
export function sampleStep(
  kernelName: string,
  names: string[],
  others: NamedTensorMap,
  attrs: object,
): Tensor[] {
  const odd = rawTensor([0, NaN, Infinity, -1, -0], [5]);
  return [[3, 7], [2], odd.shape].flatMap((shape, i) => {
    const inputs = names.map((name, j) => {
      if (name === 'gradient' && i === 2) return [name, odd] as const;
      const [low, high] = /quare|econd/.test(name) ? [1, 2] : [-1, 1];
      return [name, random(shape, 10 * i + j, low, high)] as const;
    });
    return runKernel<Tensor[]>(kernelName, {...Object.fromEntries(inputs), ...others}, attrs);
  });
}
