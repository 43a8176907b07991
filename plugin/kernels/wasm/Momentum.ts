import {add, MomentumOptimizer, mul, scalar} from '@tensorflow/tfjs-core';
import type {MomentumFields} from '../optimizer_fields.js';
import {optimizerKernel, slotAt} from '../optimizer_steps.js';
import {makeStep, sampleStep, updateVariables} from './optimizer_kernel.js';
import {isWasm} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';

const NAME = 'LargeMarginMomentum';

type Attrs = Pick<MomentumFields, 'useNesterov'>;

/** Momentum, also Nesterov's, in one pass. The input rate is minus the learning rate. */
export const momentum: WasmKernel = {
  name: NAME,
  run: ({inputs, attrs: {useNesterov}, backend}: KernelCall<Attrs>, module) =>
    makeStep(backend, NAME, inputs, NAMES, (size, {value, gradient, accumulation, rate, momentum}, to) => {
      module.momentumStep(size, value, gradient, accumulation, rate, momentum, ...to, Number(useNesterov));
    }),
  compose: ({inputs, attrs: {useNesterov}}: KernelCall<Attrs>) => {
    const {value, gradient, accumulation, rate, momentum} = inputs;
    const sum = add(mul(momentum, accumulation), gradient);
    const step = useNesterov ? add(gradient, mul(sum, momentum)) : sum;
    return [add(mul(rate, step), value), sum];
  },
  sample: () =>
    [true, false].flatMap(useNesterov =>
      sampleStep(NAME, NAMES, {rate: scalar(-0.02), momentum: scalar(0.7)}, {useNesterov}),
    ),
  optimizer: optimizerKernel(MomentumOptimizer, isWasm, (optimizer, targets) => {
    const {c: rate, m: momentum, useNesterov, accumulations} = optimizer as unknown as MomentumFields;
    targets.forEach((target, i) => {
      const accumulation = slotAt(accumulations, i, target, 'momentum');
      const {value, gradient} = target;
      if (!gradient) return;
      updateVariables(NAME, {value, accumulation}, {gradient, rate, momentum}, {useNesterov});
    });
  }),
};

const NAMES = ['value', 'gradient', 'accumulation'];
