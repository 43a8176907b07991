import {copiedWork} from './copied_work.js';
import type {SpawnedWorker, SpawnWorker} from './spawn_worker.js';
import {makeThreads, type Threads, type ThreadsArgs} from './threads.js';

/** More than these wait for memory, and for what is copied one after another. */
const MOST = 4;

/**
 * Threads of Node, which have a memory of their own, so that operands are copied. The script for pages, which may not have
 * such a memory, is built without this file.
 *
 * @param asked How many there are to be, this one included; 0: as many as pay.
 * @param compileFor Compiles the module for a shared memory.
 * @returns null where one thread is all.
 */
export function startNodeThreads(
  {own, onFailure}: Pick<ThreadsArgs, 'own' | 'onFailure'>,
  asked: number,
  here: WebAssembly.Memory,
  compileFor: (memory: WebAssembly.Memory) => WebAssembly.Module,
): Threads | null {
  const cores = nodeThreads();
  const most = asked || Math.min(MOST, cores);
  if (cores === 1 || most < 2) return null;
  try {
    // Room for addresses, which a machine may refuse.
    const memory = new WebAssembly.Memory({initial: 1, maximum: 65536, shared: true});
    const copying = copiedWork(here, memory);
    return makeThreads({
      most,
      own,
      onFailure,
      ...copying,
      module: compileFor(memory),
      memory,
      spawn: spawnInNode,
    });
  } catch (error) {
    onFailure(error instanceof Error ? error.message : String(error));
    return null;
  }
}

/** What is taken of Node's own modules. They are asked for at run time, so that pages can import this. */
interface NodeModules {
  'node:os': {availableParallelism?(): number};
  'node:worker_threads': {
    Worker: new (
      script: string,
      options: {eval: true},
    ) => SpawnedWorker & {unref(): void; on(event: 'error', listener: (error: Error) => void): void};
  };
}

function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined {
  return globalThis.process?.getBuiltinModule?.(name) as unknown as NodeModules[Name] | undefined;
}

/** A thread of Node, which keeps no process alive. */
export const spawnInNode: SpawnWorker = (script, onError) => {
  const {Worker} = nodeModule('node:worker_threads')!;
  const listen = `require('node:worker_threads').parentPort.once('message', data => onmessage({data}));`;
  const worker = new Worker(`${script}${listen}`, {eval: true});
  worker.on('error', ({message}) => onError(message));
  worker.unref();
  return worker;
};

/** How many threads Node can run at a time; 1 in pages, and in versions of Node that do not say. */
export function nodeThreads(): number {
  return nodeModule('node:os')?.availableParallelism?.() ?? 1;
}
