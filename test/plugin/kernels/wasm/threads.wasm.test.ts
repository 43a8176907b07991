import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import type {SideModule} from '../../../../plugin/kernels/wasm/side_module.js';
import {makeThreads, type Part, type ThreadsArgs} from '../../../../plugin/kernels/wasm/threads.js';
import {spawnInPage} from '../../../../plugin/kernels/wasm/spawn_worker.js';
import type {WasmBackend} from '../../../../plugin/kernels/wasm/wasm_backend.js';
import {PageWorker} from '../../../support/page_worker.js';
import {allReady, startedModule} from '../../../support/side_modules.js';

const SIZE = 200;
const [A, B, C, SCRATCH] = [0, 1, 2, 3].map(i => 4 * i * SIZE * SIZE);

describe('threads', () => {
  let backend: WasmBackend;
  let warn: ReturnType<typeof vi.spyOn>;

  beforeEach(() => {
    vi.stubGlobal('Worker', PageWorker);
    warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const memory = new WebAssembly.Memory({initial: 128, maximum: 65536, shared: true});
    const wasm = {wasmMemory: memory as WebAssembly.Memory, tfjs: {getThreadsCount: () => 3}};
    backend = {wasm, dispose: () => undefined} as unknown as WasmBackend;
  });

  afterEach(() => {
    backend.dispose();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
    PageWorker.all.length = 0;
  });

  it('compute each a part of a large product in the same memory, once they are asked for and ready', async () => {
    const module = startedModule(backend);
    const floats = fill(module);
    expect(PageWorker.all).toEqual([]);
    expect(module.threads!.count()).toBe(1);
    expect(multiply(module, floats)).toEqual(expected());
    await allReady(module.threads!);
    const run = vi.spyOn(module.threads!, 'run');
    expect(multiply(module, floats)).toEqual(expected());
    expect(run.mock.calls[0][1].length).toBe(3);
    expect(warn).not.toHaveBeenCalled();
  });

  it('go with the backend', async () => {
    const module = startedModule(backend);
    await allReady(module.threads!);
    backend.dispose();
    expect(PageWorker.all.map(worker => worker.isTerminated)).toEqual([true, true]);
    expect(module.threads!.count()).toBe(1);
    expect(multiply(module, fill(module))).toEqual(expected());
  });

  it('are done without, and the console says so once, where the page lets no worker start', () => {
    vi.stubGlobal(
      'Worker',
      class {
        constructor() {
          throw new Error('forbidden by policy');
        }
      },
    );
    const module = startedModule(backend);
    expect(multiply(module, fill(module))).toEqual(expected());
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/gradients run on one thread.*: forbidden by policy$/)],
    ]);
  });

  it('are done without where they fail to start later', () => {
    const module = startedModule(backend);
    module.threads!.count();
    expect(PageWorker.all.length).toBe(2);
    for (const worker of PageWorker.all) worker.onerror!({message: ''});
    expect(module.threads!.count()).toBe(1);
    expect(PageWorker.all.every(worker => worker.isTerminated)).toBe(true);
    expect(multiply(module, fill(module))).toEqual(expected());
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/gradients run on one thread.*: the page lets no worker start$/)],
    ]);
  });

  it('leave the part of a worker that fails to the others, and end', async () => {
    const module = startedModule(backend);
    const {threads, reasons} = await failingThreads(module);
    const floats = fill(module);
    threads.run('gemm', halves());
    expect(result(floats)).toEqual(expected());
    expect(threads.count()).toBe(1);
    expect(reasons).toEqual(['a worker failed in its part']);
  });

  it('add no part twice: where a worker fails in the middle of a sum, that is an error', async () => {
    const {threads} = await failingThreads(startedModule(backend));
    expect(() => threads.run('gemm', halves(true))).toThrow('gemm: a worker failed in the middle of a sum');
    expect(threads.count()).toBe(1);
  });

  it('leave all to this thread where the operands cannot be brought', async () => {
    const module = startedModule(backend);
    const {threads, reasons} = await failingThreads(module, {
      bring: () => {
        throw new RangeError('no room');
      },
      fetch: () => {
        throw new Error('nothing was brought');
      },
    });
    const floats = fill(module);
    threads.run('gemm', halves());
    expect(result(floats)).toEqual(expected());
    expect(threads.count()).toBe(1);
    expect(reasons).toEqual(['no room']);
  });

  it('are none where tfjs takes one', () => {
    (backend.wasm.tfjs as {getThreadsCount: () => number}).getThreadsCount = () => 1;
    expect(startedModule(backend).threads).toBeUndefined();
    expect(PageWorker.all).toEqual([]);
  });
});

// What the workers get: (module (memory (import "env" "memory") 1 65536 shared)).
const WITHOUT_FUNCTIONS = [
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  // The section of imports, 18 bytes: one, env.memory, a shared memory of 1 to 65,536 pages.
  ...[2, 18, 1, 3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 3, 1, 0x80, 0x80, 4],
];

/** Two threads of which one fails in its part, and the reasons that are given. */
async function failingThreads({gemm, memory}: SideModule, rest: Partial<ThreadsArgs> = {}) {
  const reasons: string[] = [];
  const threads = makeThreads({
    ...{most: 2, own: {gemm}, memory, spawn: spawnInPage, ...rest},
    module: new WebAssembly.Module(Uint8Array.from(WITHOUT_FUNCTIONS)),
    onFailure: reason => void reasons.push(reason),
  });
  await allReady(threads);
  return {threads, reasons};
}

/** a[i, k] = i + k and b[k, j] = 2 where k = j, so that the product is 2 a: sums of one term, exact in float32. */
function fill({memory}: SideModule): Float32Array {
  const floats = new Float32Array(memory.buffer);
  for (let i = 0; i < SIZE; i++)
    for (let k = 0; k < SIZE; k++) {
      floats[A / 4 + i * SIZE + k] = i + k;
      floats[B / 4 + i * SIZE + k] = i === k ? 2 : 0;
    }
  return floats;
}

/** The numbers of `gemm` for some rows of the result. */
function product(rows: number, first = 0): number[] {
  const [a, c] = [A, C].map(start => start + 4 * first * SIZE);
  return [rows, SIZE, SIZE, a, SIZE, 1, 0, B, SIZE, 1, c, SIZE, 0, SCRATCH + 1_000_000 * (first > 0 ? 1 : 0)];
}

/** The product in two parts. */
function halves(adds = false): Part[] {
  return [0, SIZE / 2].map(row => {
    const writes = {at: 10, rows: SIZE / 2, bytes: 4 * SIZE, step: 4 * SIZE};
    return {numbers: product(SIZE / 2, row), reads: [], writes, scratch: [13, 0], adds};
  });
}

/** 8 million products: above the size from which work is split. */
function multiply(module: SideModule, floats: Float32Array): Float32Array {
  floats.fill(-1, C / 4, C / 4 + SIZE * SIZE);
  module.gemm(...product(SIZE));
  return result(floats);
}

function result(floats: Float32Array): Float32Array {
  return floats.slice(C / 4, C / 4 + SIZE * SIZE);
}

function expected(): Float32Array {
  return Float32Array.from({length: SIZE * SIZE}, (_, n) => 2 * (Math.floor(n / SIZE) + (n % SIZE)));
}
