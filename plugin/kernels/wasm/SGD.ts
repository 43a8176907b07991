import {add, mul, scalar, SGDOptimizer} from '@tensorflow/tfjs-core';
import type {SGDFields} from '../optimizer_fields.js';
import {optimizerKernel} from '../optimizer_steps.js';
import {makeStep, sampleStep, updateVariables} from './optimizer_kernel.js';
import {isWasm} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';

const NAME = 'LargeMarginSGD';

/** Gradient descent in one pass. The input rate is minus the learning rate. */
export const sgd: WasmKernel = {
  name: NAME,
  run: ({inputs, backend}: KernelCall, module) =>
    makeStep(backend, NAME, inputs, NAMES, (size, {value, gradient, rate}, [to]) => {
      module.momentumStep(size, value, gradient, 0, rate, rate, to, 0, 0);
    }),
  compose: ({inputs: {value, gradient, rate}}: KernelCall) => [add(mul(rate, gradient), value)],
  sample: () => sampleStep(NAME, NAMES, {rate: scalar(-0.02)}, {}),
  optimizer: optimizerKernel(SGDOptimizer, isWasm, (optimizer, targets) => {
    const rate = (optimizer as unknown as SGDFields).c;
    for (const {value, gradient} of targets) {
      if (gradient) updateVariables(NAME, {value}, {gradient, rate});
    }
  }),
};

const NAMES = ['value', 'gradient'];
