import type {SpawnWorker, SpawnedWorker} from './spawn_worker.js';

/** A worker's int32s in the memory that it shares with this thread: its state, the function, up to 14 numbers for it. */
const SLOT = 16;
// 0 is a worker that has not started.
const [IDLE, BUSY, FAILED] = [1, 2, 3];

// Runs in a worker, as text: it may name nothing of this file.
const SCRIPT = `onmessage = ({data: [module, memory, slots, at, idle, busy, failed]}) => {
  const {exports} = new WebAssembly.Instance(module, {env: {memory}});
  Atomics.store(slots, at, idle);
  for (;;) {
    Atomics.wait(slots, at, idle);
    if (Atomics.load(slots, at) !== busy) continue;
    let state = idle;
    try {
      const numbers = [...slots.subarray(at + 2, at + ${SLOT})];
      Object.values(exports)[slots[at + 1]](...numbers);
    } catch {
      state = failed;
    }
    Atomics.store(slots, at, state);
    Atomics.notify(slots, at);
  }
};`;

/** One part of a job: the numbers that an exported function takes, and what stands behind the pointers among them. */
export interface Part {
  numbers: number[];
  /** Where in `numbers` the pointers are, and how many bytes from there on are read. */
  reads: Array<[at: number, bytes: number]>;
  /** The pointer to the result: rows of so many bytes, a step apart. */
  writes: {at: number; rows: number; bytes: number; step: number};
  /** Whether the result is added to what is there, so that half of it cannot be done again. */
  adds: boolean;
  /** The pointer to memory that holds nothing before or after. */
  scratch: [at: number, bytes: number];
}

/** The module once more in each of some workers. */
export interface Threads {
  /** The most parts that run at a time: one here and one in each worker. */
  most: number;
  /** Whether operands are copied to the workers and back. */
  copies: boolean;
  /** How many parts run at a time now. The workers start when this is asked first. */
  count(): number;
  /**
   * Runs an exported function, the first part here and each of the others in a worker, and returns when all are done.
   *
   * @param parts At most `count()` of them, none of which writes where another reads or writes.
   */
  run(name: string, parts: Part[]): void;
  /** Ends the workers; what comes after runs here. */
  stop(): void;
}

/** What threads are made of. */
export interface ThreadsArgs {
  /** How many in all, this one included. */
  most: number;
  /** The module's functions in this thread. */
  own: Record<string, (...numbers: number[]) => unknown>;
  /** The module for the workers, and the memory that they put it on. */
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  spawn: SpawnWorker;
  /** Gets why there are no workers, as part of a sentence; called at most once. */
  onFailure: (reason: string) => void;
  /** Brings a part to the workers' memory, where that is another, and gives its numbers there. */
  bring?: (parts: Part[]) => number[][];
  /** Takes the result of a part back from where it was brought. */
  fetch?: (part: Part, numbers: number[]) => void;
}

/**
 * Workers that take part from when they have said that they are ready, so that one that never starts keeps nobody waiting.
 * A page's thread may not sleep: it computes a part itself, then looks until the others are done.
 */
export function makeThreads(args: ThreadsArgs): Threads {
  const {most, own, module, memory, spawn, onFailure, fetch} = args;
  const {bring = parts => parts.map(({numbers}) => numbers)} = args;
  const slots = new Int32Array(new SharedArrayBuffer(4 * SLOT * most));
  let workers: SpawnedWorker[] | undefined;
  const stop = () => {
    for (const worker of workers?.splice(0) ?? []) worker.terminate();
    workers = [];
  };
  const fail = (reason: string) => {
    if (workers?.length) onFailure(reason);
    stop();
  };
  const start = () => {
    workers = [];
    try {
      for (let i = 0; i < most - 1; i++) {
        const worker = spawn(SCRIPT, fail);
        workers.push(worker);
        worker.postMessage([module, memory, slots, i * SLOT, IDLE, BUSY, FAILED]);
      }
    } catch (error) {
      stop();
      onFailure(messageOf(error));
    }
  };
  const state = (i: number) => Atomics.load(slots, i * SLOT);
  const idle = () => (workers ?? []).map((_, i) => i).filter(i => state(i) === IDLE);
  return {
    most,
    copies: fetch !== undefined,
    stop,
    count() {
      if (!workers) start();
      return 1 + idle().length;
    },
    run(name, [first, ...others]) {
      let given: number[][] = [];
      try {
        given = bring(others);
      } catch (error) {
        // Nothing was given to a worker: all of it is done here.
        fail(messageOf(error));
      }
      const chosen = idle();
      given.forEach((numbers, k) => {
        const at = chosen[k] * SLOT;
        slots.set([Object.keys(own).indexOf(name), ...numbers], at + 1);
        Atomics.store(slots, at, BUSY);
        Atomics.notify(slots, at);
      });
      own[name](...first.numbers);
      for (const k of given.keys()) while (state(chosen[k]) === BUSY) rest(slots, chosen[k] * SLOT);
      const done = given.map((_, k) => state(chosen[k]) === IDLE);
      if (!done.every(Boolean)) fail('a worker failed in its part');
      others.forEach((part, k) => {
        if (!done[k] && part.adds && !fetch)
          throw new Error(`${name}: a worker failed in the middle of a sum`);
        if (!done[k]) own[name](...part.numbers);
        else fetch?.(part, given[k]);
      });
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Sleeps while the worker at this place is busy, in threads that may. */
function rest(slots: Int32Array, at: number): void {
  if (typeof window === 'undefined') Atomics.wait(slots, at, BUSY);
}
