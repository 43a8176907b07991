import {add, div, mul, RMSPropOptimizer, sqrt, square, sub, type Variable} from '@tensorflow/tfjs-core';
import type {RMSPropFields} from '../optimizer_fields.js';
import {optimizerKernel, slotAt} from '../optimizer_steps.js';
import {makeStep, sampleStep, updateVariables} from './optimizer_kernel.js';
import {isWasm} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';

const NAME = 'LargeMarginRMSProp';

type Attrs = Pick<RMSPropFields, 'learningRate' | 'decay' | 'momentum' | 'epsilon'>;

/** RMSProp, plain and centered, in one pass. */
export const rmsProp: WasmKernel = {
  name: NAME,
  run: ({inputs, attrs, backend}: KernelCall<Attrs>, module) => {
    const {learningRate, decay, momentum, epsilon} = attrs;
    const names = [...PLAIN, ...(inputs.meanGrad ? ['meanGrad'] : [])];
    return makeStep(backend, NAME, inputs, names, (size, from, to) => {
      const {value, gradient, meanSquare, moment, meanGrad = 0} = from;
      const pointers = [value, gradient, meanSquare, moment, meanGrad, to[0], to[1], to[2], to[3] ?? 0];
      module.rmsPropStep(size, ...pointers, learningRate, decay, 1 - decay, momentum, epsilon);
    });
  },
  compose: ({inputs, attrs: {learningRate, decay, momentum, epsilon}}: KernelCall<Attrs>) => {
    const {value, gradient, meanSquare, moment, meanGrad} = inputs;
    const newSquare = add(mul(meanSquare, decay), mul(square(gradient), 1 - decay));
    const newGrad = meanGrad ? [add(mul(meanGrad, decay), mul(gradient, 1 - decay))] : [];
    const under = meanGrad ? sub(newSquare, add(square(newGrad[0]), epsilon)) : add(newSquare, epsilon);
    const newMoment = add(mul(moment, momentum), div(mul(gradient, learningRate), sqrt(under)));
    return [sub(value, newMoment), newSquare, newMoment, ...newGrad];
  },
  sample: () => {
    const attrs = {learningRate: 0.02, decay: 0.8, momentum: 0.5, epsilon: 1e-6};
    return [PLAIN, [...PLAIN, 'meanGrad']].flatMap(names => sampleStep(NAME, names, {}, attrs));
  },
  optimizer: optimizerKernel(RMSPropOptimizer, isWasm, (optimizer, targets) => {
    const fields = optimizer as unknown as RMSPropFields;
    const {learningRate, decay, momentum, epsilon, centered} = fields;
    targets.forEach((target, i) => {
      const meanSquare = slotAt(fields.accumulatedMeanSquares, i, target, 'rms');
      const moment = slotAt(fields.accumulatedMoments, i, target, 'momentum');
      const {value, gradient} = target;
      const variables: Record<string, Variable> = {value, meanSquare, moment};
      if (centered) variables.meanGrad = slotAt(fields.accumulatedMeanGrads, i, target, 'mg');
      if (gradient) updateVariables(NAME, variables, {gradient}, {learningRate, decay, momentum, epsilon});
    });
  }),
};

const PLAIN = ['value', 'gradient', 'meanSquare', 'moment'];
