/** A worker's int32s in the memory that it shares with the page: its state, the function, up to 14 numbers for it. */
const SLOT = 16;
// 0 is a worker that has not started.
const [IDLE, BUSY, FAILED] = [1, 2, 3];

// Runs in a worker, as text: it may name nothing of this file.
const WORKER = `onmessage = ({data: [module, memory, slots, at, idle, busy, failed]}) => {
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
  }
};`;

// One for the page; it is never given back, as the workers fetch it later.
let url: string | undefined;

/** The module once more in each of some workers, all on the same memory. */
export interface Threads {
  /** The most parts that run at a time: one here and one in each worker, those that are still starting included. */
  most: number;
  /** How many parts run at a time now. */
  count(): number;
  /**
   * Runs an exported function on several lists of numbers, the first of them here, and returns when all are done.
   *
   * @param parts At most `count()` of them, none of which writes where another reads or writes.
   */
  run(name: string, parts: number[][]): void;
  /** Ends the workers; what comes after runs here. */
  stop(): void;
}

/**
 * Starts workers. They take part from when they have said that they are ready, so that one that never starts keeps nobody
 * waiting. This thread may not sleep: it computes a part itself, then looks until the others are done.
 *
 * @param most How many threads in all, this one included.
 * @param onFailure Gets why there are no workers, as part of a sentence; called at most once.
 */
export function startThreads(
  instance: WebAssembly.Instance,
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  most: number,
  onFailure: (reason: string) => void,
): Threads {
  const own = instance.exports as Record<string, (...numbers: number[]) => number>;
  const slots = new Int32Array(new SharedArrayBuffer(4 * SLOT * most));
  const workers: Worker[] = [];
  const stop = () => {
    for (const worker of workers.splice(0)) worker.terminate();
  };
  const fail = (reason: string) => {
    if (workers.length > 0) onFailure(reason);
    stop();
  };
  try {
    url ??= URL.createObjectURL(new Blob([WORKER], {type: 'text/javascript'}));
    for (let i = 0; i < most - 1; i++) {
      const worker = new Worker(url);
      workers.push(worker);
      worker.onerror = ({message}) => fail(message || 'the page lets no worker start');
      worker.postMessage([module, memory, slots, i * SLOT, IDLE, BUSY, FAILED]);
    }
  } catch (error) {
    stop();
    onFailure(error instanceof Error ? error.message : String(error));
  }
  const state = (i: number) => Atomics.load(slots, i * SLOT);
  return {
    most,
    stop,
    count: () => 1 + workers.filter((_, i) => state(i) === IDLE).length,
    run(name, [first, ...others]) {
      const idle = workers.map((_, i) => i).filter(i => state(i) === IDLE);
      others.forEach((numbers, k) => {
        const at = idle[k] * SLOT;
        slots.set([Object.keys(own).indexOf(name), ...numbers], at + 1);
        Atomics.store(slots, at, BUSY);
        Atomics.notify(slots, at);
      });
      own[name](...first);
      for (const k of others.keys()) while (state(idle[k]) === BUSY);
      const left = others.filter((_, k) => state(idle[k]) === FAILED);
      if (left.length > 0) fail('a worker failed in its part');
      for (const numbers of left) own[name](...numbers);
    },
  };
}
