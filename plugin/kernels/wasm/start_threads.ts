import {env} from '@tensorflow/tfjs-core';
import {copiedWork} from './copied_work.js';
import {nodeThreads, spawnInNode, spawnInPage} from './spawn_worker.js';
import {makeThreads, type Threads, type ThreadsArgs} from './threads.js';
import {isShared, memoryOf, threadsOf, type WasmBackend} from './wasm_backend.js';

/** The flag of tfjs that says how many threads there may be, this one included; 0 leaves it to us. */
export const THREADS_FLAG = 'LARGE_MARGIN_WASM_THREADS';

/** More than these wait for memory, and for what is copied one after another. */
const MOST_IN_NODE = 4;

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
  const isInPlace = isShared(memory);
  const asked = THREADS_FLAG in env().getFlags() ? env().getNumber(THREADS_FLAG) : 0;
  const most = asked || (isInPlace ? threadsOf(backend) : Math.min(MOST_IN_NODE, nodeThreads()));
  if (most < 2) return null;
  const own = exports as ThreadsArgs['own'];
  const common = {most, own, onFailure: warnOfOneThread};
  if (isInPlace) return makeThreads({...common, module, memory, spawn: spawnInPage});
  if (nodeThreads() === 1) return null;
  try {
    // Room for addresses, which a machine may refuse.
    const there = new WebAssembly.Memory({initial: 1, maximum: 65536, shared: true});
    const copying = copiedWork(memory, there);
    return makeThreads({
      ...common,
      ...copying,
      module: compileFor(there),
      memory: there,
      spawn: spawnInNode,
    });
  } catch (error) {
    warnOfOneThread(error instanceof Error ? error.message : String(error));
    return null;
  }
}

function warnOfOneThread(reason: string): void {
  console.warn(`tfjs-large-margin/wasm: gradients run on one thread, which is slower: ${reason}`);
}
