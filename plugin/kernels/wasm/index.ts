// First, so that its kernels are there to be replaced.
import '@tensorflow/tfjs-backend-wasm';
import {findBackend, getKernel, registerKernel, unregisterKernel} from '@tensorflow/tfjs-core';
import {avgPoolGrad} from './AvgPoolGrad.js';
import {batchMatMul} from './BatchMatMul.js';
import {choiceOf, chosenKernel} from './choose_kernel.js';
import {conv2DBackpropFilter} from './Conv2DBackpropFilter.js';
import {conv2DBackpropInput} from './Conv2DBackpropInput.js';
import {depthwiseConv2dNativeBackpropFilter} from './DepthwiseConv2dNativeBackpropFilter.js';
import {depthwiseConv2dNativeBackpropInput} from './DepthwiseConv2dNativeBackpropInput.js';
import {maxPoolGrad} from './MaxPoolGrad.js';
import {WASM, type WasmBackend} from './wasm_backend.js';

export {WasmMemoryError} from './wasm_backend.js';

/** All of them. */
const wasmKernels = [
  avgPoolGrad,
  batchMatMul,
  conv2DBackpropFilter,
  conv2DBackpropInput,
  depthwiseConv2dNativeBackpropFilter,
  depthwiseConv2dNativeBackpropInput,
  maxPoolGrad,
];

for (const kernel of wasmKernels) {
  const stock = getKernel(kernel.name, WASM);
  // A kernel that is registered twice makes tfjs warn.
  if (stock) unregisterKernel(kernel.name, WASM);
  registerKernel(chosenKernel(kernel, stock));
}

/** What a kernel of the wasm backend runs on, and if not on the side module, why. */
export interface WasmKernelReport {
  name: string;
  runsOn: 'relaxed-simd' | 'simd' | 'operations';
  reason: string;
}

/**
 * Tries all kernels out, and says what each runs on.
 *
 * @throws Error before the wasm backend has started.
 * @example
 * await tf.setBackend('wasm');
 * console.table(wasmKernelReport());
 */
export function wasmKernelReport(): WasmKernelReport[] {
  const backend = findBackend(WASM) as WasmBackend | null;
  if (!backend)
    throw new Error("wasmKernelReport: expected the wasm backend to run; await tf.setBackend('wasm')");
  return wasmKernels.map(kernel => {
    const {module, reason} = choiceOf(kernel, backend);
    if (module)
      return {name: kernel.name, runsOn: module.variant, reason: 'as tfjs in a comparison on small cases'};
    return {name: kernel.name, runsOn: 'operations', reason};
  });
}
