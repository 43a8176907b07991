import {env} from '@tensorflow/tfjs-core';
import {startNodeThreads} from './node_threads.js';
import {spawnInPage} from './spawn_worker.js';
import {makeThreads, type Threads, type ThreadsArgs} from './threads.js';
import {isShared, memoryOf, threadsOf, type WasmBackend} from './wasm_backend.js';

/** The flag of tfjs that says how many threads there may be, this one included; 0 leaves it to us. */
export const THREADS_FLAG = 'LARGE_MARGIN_WASM_THREADS';

/**
 * Threads for large jobs. Where tfjs shares its memory, as many as tfjs itself takes, on that memory. Where it does not,
 * as in Node, threads have a memory of their own and their operands are copied; a page may not have such a memory.
 *
 * @param compileFor Compiles the module for a shared memory.
 * @returns null where one thread is all.
 */
export function startThreads(
  backend: WasmBackend,
  {exports}: WebAssembly.Instance,
  module: WebAssembly.Module,
  compileFor: (memory: WebAssembly.Memory) => WebAssembly.Module,
): Threads | null {
  const memory = memoryOf(backend)!;
  const asked = THREADS_FLAG in env().getFlags() ? env().getNumber(THREADS_FLAG) : 0;
  const common = {own: exports as ThreadsArgs['own'], onFailure: warnOfOneThread};
  if (!isShared(memory)) return startNodeThreads(common, asked, memory, compileFor);
  const most = asked || threadsOf(backend);
  return most < 2 ? null : makeThreads({...common, most, module, memory, spawn: spawnInPage});
}

function warnOfOneThread(reason: string): void {
  console.warn(`tfjs-large-margin/wasm: gradients run on one thread, which is slower: ${reason}`);
}
