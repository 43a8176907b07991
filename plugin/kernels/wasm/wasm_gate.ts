import {fill, type GradConfig, type Tensor} from '@tensorflow/tfjs-core';
import {gateKernel} from '../gate_kernel.js';
import {runKernel} from '../run_kernel.js';
import {checkTensors} from './check_tensors.js';
import {rawTensor} from './raw_tensor.js';
import {random} from './samples.js';
import {isWasm, makeTensor, pointerTo} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';

/** A gate: the operation whose gradient it is, and how it is made otherwise. */
export interface WasmGate {
  name: string;
  of: string;
  /** dy goes through where 0 < x <= most. */
  most: number;
  compose: (dy: Tensor, x: Tensor) => Tensor;
}

/** A kernel on wasm for the gradient of an activation that lets dy through or not: one pass instead of three or more. */
export function wasmGate({name, of, most, compose}: WasmGate): WasmKernel {
  const {run, gradient} = gateKernel(name);
  return {
    name,
    run: ({inputs: {dy, x}, backend}: KernelCall<never>, module) => {
      checkTensors(name, {dy: [dy, x.shape], x: [x, x.shape]});
      return makeTensor(backend, {kernelName: name, shape: x.shape}, output => {
        module.gate(x.size, pointerTo(backend, x), pointerTo(backend, dy), output, most);
      });
    },
    compose: ({inputs: {dy, x}}: KernelCall<never>) => compose(dy, x),
    sample: () => {
      const odd = [NaN, Infinity, -Infinity, -0, 0, 1e-30, -2, 3, 6, 6 + 2 ** -21, 6 - 2 ** -21, 7, 3e38];
      const x = rawTensor(odd, [odd.length]);
      const slopes = [1, -2, NaN, Infinity, -0].map(value => fill(x.shape, value));
      const many = [random([4, 9], 1, -9, 9), random([4, 9], 2, -9, 9)];
      const pairs = [...slopes.map(dy => [dy, x]), many];
      return pairs.map(([dy, x]) => runKernel(name, {dy, x}));
    },
    ownGradient: gradient,
    gradient: {
      of,
      replace: (stock: GradConfig) => ({
        ...stock,
        gradFunc: (dy, saved, attrs) => {
          const fits = (dy as Tensor).dtype === 'float32' && saved[0].dtype === 'float32';
          const isOurs = isWasm() && fits;
          return isOurs ? {x: () => run(dy as Tensor, saved[0])} : stock.gradFunc(dy, saved, attrs);
        },
      }),
    },
  };
}
