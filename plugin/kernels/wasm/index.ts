// First, so that its kernels are there to be replaced.
import '@tensorflow/tfjs-backend-wasm';
import {
  env,
  findBackend,
  getGradient,
  getKernel,
  registerGradient,
  registerKernel,
  unregisterKernel,
  type GradConfig,
} from '@tensorflow/tfjs-core';
import {putGradient, putOptimizer} from '../stand_in.js';
import {fusedMatMul} from './_FusedMatMul.js';
import {adam} from './Adam.js';
import {avgPoolGrad} from './AvgPoolGrad.js';
import {batchMatMul} from './BatchMatMul.js';
import {cast} from './Cast.js';
import {choiceOf, chosenKernel} from './choose_kernel.js';
import {convolution} from './Conv2D.js';
import {conv2DBackpropFilter} from './Conv2DBackpropFilter.js';
import {conv2DBackpropInput} from './Conv2DBackpropInput.js';
import {depthwiseConv2dNativeBackpropFilter} from './DepthwiseConv2dNativeBackpropFilter.js';
import {depthwiseConv2dNativeBackpropInput} from './DepthwiseConv2dNativeBackpropInput.js';
import {fusedBatchNorm} from './FusedBatchNorm.js';
import {identity} from './Identity.js';
import {largeMarginBatchNormSums} from './LargeMarginBatchNormSums.js';
import {largeMarginMinimumGrad} from './LargeMarginMinimumGrad.js';
import {largeMarginRelu6Grad} from './LargeMarginRelu6Grad.js';
import {largeMarginReluGrad} from './LargeMarginReluGrad.js';
import {maxPoolGrad} from './MaxPoolGrad.js';
import {mean} from './Mean.js';
import {minimum} from './Minimum.js';
import {momentum} from './Momentum.js';
import {rmsProp} from './RMSProp.js';
import {sgd} from './SGD.js';
import {sum} from './Sum.js';
import {tile} from './Tile.js';
import {THREADS_FLAG} from './start_threads.js';
import {isWasm, WASM, type WasmBackend} from './wasm_backend.js';
import type {WasmKernel} from './wasm_kernel.js';

export {WasmMemoryError} from './wasm_backend.js';

/** All of them. */
const wasmKernels: WasmKernel[] = [
  avgPoolGrad,
  batchMatMul,
  convolution,
  conv2DBackpropFilter,
  conv2DBackpropInput,
  depthwiseConv2dNativeBackpropFilter,
  depthwiseConv2dNativeBackpropInput,
  maxPoolGrad,
  ...[sum, mean, tile, fusedMatMul, identity, cast, fusedBatchNorm, largeMarginBatchNormSums],
  ...[largeMarginReluGrad, largeMarginRelu6Grad, minimum, largeMarginMinimumGrad],
  ...[rmsProp, adam, momentum, sgd],
];

// Any of those that tfjs has.
if (!getKernel('Add', WASM)) {
  throw new Error(
    "tfjs-large-margin/wasm: expected tfjs's wasm backend beside it; in a page load tf-backend-wasm.js before " +
      'large-margin-wasm.umd.js, elsewhere see that @tensorflow/tfjs-core is installed once (npm ls @tensorflow/tfjs-core)',
  );
}

env().registerFlag(THREADS_FLAG, () => 0);

const ours = new WeakSet<GradConfig>();

for (const kernel of wasmKernels) {
  const stock = getKernel(kernel.name, WASM);
  // A kernel that is registered twice makes tfjs warn.
  if (stock) unregisterKernel(kernel.name, WASM);
  const config = chosenKernel(kernel, stock);
  const setupFunc: typeof config.setupFunc = backend => {
    config.setupFunc?.(backend);
    standIn(kernel);
  };
  registerKernel({...config, setupFunc});
  standIn(kernel);
  if (kernel.ownGradient) registerGradient(kernel.ownGradient);
  if (kernel.optimizer) putOptimizer(kernel.optimizer);
}

/**
 * Puts a kernel's gradient where tfjs looks for it. tfjs's own come with tfjs-layers or tfjs, which a program may import
 * after this: when the backend starts they are there.
 */
function standIn({gradient}: WasmKernel): void {
  const found = gradient && getGradient(gradient.of);
  if (!found || ours.has(found)) return;
  putGradient(gradient);
  ours.add(getGradient(gradient.of));
}

/** What a kernel of the wasm backend runs on, and why. */
export interface WasmKernelReport {
  name: string;
  /** A variant of the module; tfjs's own kernel where that is as fast or faster; or a composition of tfjs's operations. */
  runsOn: 'relaxed-simd' | 'simd' | 'tfjs' | 'operations';
  reason: string;
}

/**
 * Tries all kernels out, and says what each runs on.
 *
 * @throws Error where tfjs does not run on the wasm backend.
 * @example
 * await tf.setBackend('wasm');
 * console.table(wasmKernelReport());
 */
export function wasmKernelReport(): WasmKernelReport[] {
  // The small cases run where everything runs: elsewhere the comparison would say nothing.
  const backend = isWasm() ? (findBackend(WASM) as WasmBackend | null) : null;
  if (!backend)
    throw new Error("wasmKernelReport: expected the wasm backend to run; await tf.setBackend('wasm')");
  // Gradients may have come since the backend started.
  wasmKernels.forEach(standIn);
  return wasmKernels.map(kernel => {
    const {name} = kernel;
    const choice = choiceOf(kernel, backend);
    if (choice.module)
      return {name, runsOn: choice.module.variant, reason: 'as tfjs in a comparison on small cases'};
    return {name, runsOn: choice.isTfjsBest ? 'tfjs' : 'operations', reason: choice.reason};
  });
}
