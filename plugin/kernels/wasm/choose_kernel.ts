import {tidy, type KernelConfig, type NamedTensorMap, type Tensor} from '@tensorflow/tfjs-core';
import {difference} from '../compare.js';
import {startSideModule, type SideModule} from './side_module.js';
import {WASM, WasmMemoryError, type WasmBackend} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';

/** What runs a kernel on one backend: the module, or tfjs's own operations, or kernel, with the reason why. */
export type Choice =
  {module: SideModule; reason?: undefined} | {module: null; reason: string; isTfjsBest?: boolean};

interface Start {
  module: SideModule | string;
  choices: Map<string, Choice>;
}

// A page may remove the backend and start another, each with a memory of its own.
const starts = new WeakMap<WasmBackend, Start>();

/**
 * A kernel for tfjs's registry that runs on the side module where that starts, and gives on small cases what the same
 * from tfjs's operations gives; else it is those operations, and the console says so in a line.
 */
export function chosenKernel(kernel: WasmKernel, stock?: KernelConfig): KernelConfig {
  return {
    ...stock,
    kernelName: kernel.name,
    backendName: WASM,
    kernelFunc: ({inputs, attrs, backend}) => {
      const call: KernelCall<never> = {
        inputs: inputs as NamedTensorMap,
        attrs: attrs as never,
        backend: backend as WasmBackend,
        stock: () => {
          if (!stock) throw new Error(`${kernel.name}: tfjs has no such kernel on ${WASM}`);
          return stock.kernelFunc({inputs, attrs, backend});
        },
      };
      const {module} = choiceOf(kernel, call.backend);
      return module ? kernel.run(call, module) : tidy(() => kernel.compose(call) as Tensor);
    },
  };
}

/** What runs this kernel on this backend; it is tried out when it is first asked for. */
export function choiceOf(kernel: WasmKernel, backend: WasmBackend): Choice {
  const start = startOf(backend);
  const found = start.choices.get(kernel.name);
  if (found) return found;
  const choice = choose(kernel, backend, start);
  start.choices.set(kernel.name, choice);
  return choice;
}

function choose(kernel: WasmKernel, backend: WasmBackend, start: Start): Choice {
  if (typeof start.module === 'string') return {module: null, reason: start.module};
  const reason = kernel.leave?.(backend) ?? null;
  return reason === null ? tryOut(kernel, start, start.module) : {module: null, reason, isTfjsBest: true};
}

function startOf(backend: WasmBackend): Start {
  const found = starts.get(backend);
  if (found) return found;
  const start: Start = {module: startSideModule(backend), choices: new Map()};
  starts.set(backend, start);
  if (typeof start.module === 'string') warn('training', start.module);
  return start;
}

/** Runs the samples both ways; meanwhile the kernel's choice is the one that is tried. */
function tryOut(kernel: WasmKernel, {choices}: Start, module: SideModule): Choice {
  const results: Tensor[][] = [];
  const runWith = (choice: Choice) => {
    choices.set(kernel.name, choice);
    results.push(tidy(kernel.sample));
  };
  let reason: string | null;
  try {
    runWith({module: null, reason: 'compared with'});
    runWith({module});
    reason = difference(results[0], results[1], kernel.tolerance ?? 1e-5);
    if (reason !== null) reason = `it computed ${reason}`;
  } catch (error) {
    // Nothing is wrong with the module: it is tried out again when there is room.
    if (error instanceof WasmMemoryError) {
      choices.delete(kernel.name);
      throw error;
    }
    reason = error instanceof Error ? error.message : String(error);
  } finally {
    for (const tensor of results.flat()) tensor.dispose();
  }
  if (reason === null) return {module};
  warn(kernel.name, reason);
  return {module: null, reason};
}

function warn(what: string, reason: string): void {
  console.warn(`tfjs-large-margin/wasm: ${what} runs on tfjs's own operations, which is slower: ${reason}`);
}
