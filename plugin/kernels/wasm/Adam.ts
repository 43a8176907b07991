import {add, AdamOptimizer, div, mul, scalar, sqrt, square, sub} from '@tensorflow/tfjs-core';
import type {AdamFields} from '../optimizer_fields.js';
import {optimizerKernel, slotAt} from '../optimizer_steps.js';
import {makeStep, sampleStep, updateVariables} from './optimizer_kernel.js';
import {isWasm} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';

const NAME = 'LargeMarginAdam';

type Attrs = Pick<AdamFields, 'learningRate' | 'beta1' | 'beta2' | 'epsilon'>;

/** Adam in one pass. Inputs power1 and power2 are beta1 and beta2 to the power of the number of steps. */
export const adam: WasmKernel = {
  name: NAME,
  run: ({inputs, attrs: {learningRate, beta1, beta2, epsilon}, backend}: KernelCall<Attrs>, module) =>
    makeStep(backend, NAME, inputs, NAMES, (size, from, to) => {
      const {value, gradient, firstMoment, secondMoment, power1, power2} = from;
      const pointers = [value, gradient, firstMoment, secondMoment, power1, power2, ...to];
      module.adamStep(size, ...pointers, learningRate, beta1, 1 - beta1, beta2, 1 - beta2, epsilon);
    }),
  compose: ({inputs, attrs: {learningRate, beta1, beta2, epsilon}}: KernelCall<Attrs>) => {
    const {value, gradient, firstMoment, secondMoment, power1, power2} = inputs;
    const first = add(mul(firstMoment, beta1), mul(gradient, 1 - beta1));
    const second = add(mul(secondMoment, beta2), mul(square(gradient), 1 - beta2));
    const [corrected, correctedSecond] = [div(first, sub(1, power1)), div(second, sub(1, power2))];
    const step = mul(div(corrected, add(sqrt(correctedSecond), epsilon)), -learningRate);
    return [add(step, value), first, second];
  },
  sample: () => {
    const attrs = {learningRate: 0.02, beta1: 0.8, beta2: 0.99, epsilon: 1e-3};
    return sampleStep(NAME, NAMES, {power1: scalar(0.8), power2: scalar(0.99)}, attrs);
  },
  optimizer: optimizerKernel(AdamOptimizer, isWasm, (optimizer, targets) => {
    const fields = optimizer as unknown as AdamFields;
    const {learningRate, beta1, beta2, epsilon, accBeta1, accBeta2} = fields;
    targets.forEach((target, i) => {
      const firstMoment = slotAt(fields.accumulatedFirstMoment, i, target, 'm');
      const secondMoment = slotAt(fields.accumulatedSecondMoment, i, target, 'v');
      const {value, gradient} = target;
      if (!gradient) return;
      const attrs: Attrs = {learningRate, beta1, beta2, epsilon};
      const inputs = {gradient, power1: accBeta1, power2: accBeta2};
      updateVariables(NAME, {value, firstMoment, secondMoment}, inputs, attrs);
    });
    accBeta1.assign(mul(accBeta1, beta1));
    accBeta2.assign(mul(accBeta2, beta2));
  }),
};

const NAMES = ['value', 'gradient', 'firstMoment', 'secondMoment'];
