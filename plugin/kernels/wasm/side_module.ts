import {RELAXED_SIMD, SIMD, type ModuleCode} from './side_module_code.js';
import {splitWork} from './split_work.js';
import {startThreads} from './start_threads.js';
import type {Threads} from './threads.js';
import {isShared, memoryOf, onDispose, type WasmBackend} from './wasm_backend.js';

/**
 * What the module of `assembly/` computes, by name; what the numbers mean is said there. Pointers are bytes from the start
 * of the backend's memory.
 */
export type SideFunctions = Record<SideFunction, (...numbers: number[]) => number>;

export type SideFunction =
  | 'conv2D'
  | 'conv2DScratch'
  | 'conv2DBackpropInput'
  | 'conv2DBackpropInputScratch'
  | 'depthwise'
  | 'gemm'
  | 'gemmScratch'
  | 'poolGrad'
  | 'gate'
  | 'minimum'
  | 'minimumGrad'
  | 'normalize'
  | 'rowScratch'
  | 'tile'
  | 'sums'
  | 'batchNormSums'
  | 'adamStep'
  | 'momentumStep'
  | 'rmsPropStep';

/** The module on the memory of one backend. */
export interface SideModule extends SideFunctions {
  /** 'relaxed-simd' multiplies and adds in one instruction, where the engine has that. */
  variant: 'relaxed-simd' | 'simd';
  memory: WebAssembly.Memory;
  /** What large jobs are split between, where there are threads. */
  threads?: Threads;
}

const CODES: Array<[SideModule['variant'], ModuleCode]> = [
  ['relaxed-simd', RELAXED_SIMD],
  ['simd', SIMD],
];

/**
 * Puts the module on the backend's own memory, so that it reads tensors where they are.
 *
 * @returns The module, or why there is none, as part of a sentence.
 */
export function startSideModule(backend: WasmBackend): SideModule | string {
  const memory = memoryOf(backend);
  if (!memory) return 'this version of tfjs keeps its memory to itself';
  for (const [variant, code] of CODES) {
    const bytes = decode(code, memory);
    if (!WebAssembly.validate(bytes)) continue;
    try {
      const compiled = new WebAssembly.Module(bytes);
      const instance = new WebAssembly.Instance(compiled, {env: {memory}});
      const module = {...(instance.exports as unknown as SideFunctions), variant, memory};
      const threads = startThreads(backend, instance, compiled, shared => {
        return new WebAssembly.Module(decode(code, shared));
      });
      if (!threads) return module;
      onDispose(backend, () => threads.stop());
      return {...splitWork(module, threads), threads};
    } catch (error) {
      return `the module does not start: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  return 'this engine has no SIMD';
}

/** The module's bytes for this memory: whether memory is shared between threads is said in one byte of its import. */
function decode({hex, sharedFlagAt}: ModuleCode, memory: WebAssembly.Memory): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(hex.match(/../g)!, digits => parseInt(digits, 16));
  if (isShared(memory)) bytes[sharedFlagAt] |= SHARED;
  return bytes;
}

const SHARED = 2;
