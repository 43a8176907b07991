import {afterEach, describe, expect, it, vi} from 'vitest';
import {spawnInNode} from '../../../../plugin/kernels/wasm/node_threads.js';
import {spawnInPage, type SpawnedWorker} from '../../../../plugin/kernels/wasm/spawn_worker.js';
import {PageWorker} from '../../../support/page_worker.js';

// Adds the two numbers that it is sent and leaves the sum where both threads see it.
const ADD = 'onmessage = ({data: [slots, a, b]}) => void Atomics.store(slots, 0, a + b);';

describe('a worker', () => {
  const started: SpawnedWorker[] = [];
  afterEach(() => {
    for (const worker of started.splice(0)) worker.terminate();
    vi.unstubAllGlobals();
  });

  for (const [place, spawn] of [
    ['Node', spawnInNode],
    ['a page', spawnInPage],
  ] as const) {
    it(`gets what it is sent in ${place}`, async () => {
      vi.stubGlobal('Worker', PageWorker);
      const slots = new Int32Array(new SharedArrayBuffer(4));
      const worker = spawn(ADD, () => {});
      started.push(worker);
      worker.postMessage([slots, 2, 3]);
      await vi.waitFor(() => expect(Atomics.load(slots, 0)).toBe(5), {timeout: 30_000});
    });

    it(`says what is wrong with it in ${place}`, async () => {
      vi.stubGlobal('Worker', PageWorker);
      const reasons: string[] = [];
      started.push(spawn("throw new Error('a bad start');", reason => void reasons.push(reason)));
      await vi.waitFor(() => expect(reasons).toEqual(['a bad start']), {timeout: 30_000});
    });
  }
});
