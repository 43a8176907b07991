import {env} from '@tensorflow/tfjs-core';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {convInfo, writeGeometry} from '../../../../plugin/kernels/wasm/conv_geometry.js';
import '../../../../plugin/kernels/wasm/index.js';
import type {SideModule} from '../../../../plugin/kernels/wasm/side_module.js';
import {THREADS_FLAG} from '../../../../plugin/kernels/wasm/start_threads.js';
import {allReady, moduleOnNumbers} from '../../../support/side_modules.js';

const MEBIBYTE = 1 << 20;
const [A, B, C, GEOMETRY, SCRATCH] = [0, 4, 8, 12, 13].map(place => place * MEBIBYTE);

describe('threads in Node, with a memory of their own', () => {
  const stops: Array<() => void> = [];

  beforeEach(() => env().set(THREADS_FLAG, 3));

  afterEach(() => {
    env().set(THREADS_FLAG, 0);
    for (const stop of stops.splice(0)) stop();
    vi.restoreAllMocks();
  });

  function start(): SideModule {
    const {module, backend} = moduleOnNumbers(640, C);
    stops.push(() => backend.dispose());
    return module;
  }

  /** What f leaves at C on one thread, before the workers are ready, and on three. */
  async function bothWays(floats: number, f: (module: SideModule) => void) {
    const module = start();
    const memory = new Float32Array(module.memory.buffer);
    const result = () => {
      memory.fill(-9, C / 4, GEOMETRY / 4);
      f(module);
      // Nothing is written behind.
      expect(memory[C / 4 + floats]).toBe(-9);
      return memory.slice(C / 4, C / 4 + floats);
    };
    const alone = result();
    await allReady(module.threads!);
    const run = vi.spyOn(module.threads!, 'run');
    const together = result();
    expect(run.mock.calls.every(([, parts]) => parts.length === 3)).toBe(true);
    expect(run).toHaveBeenCalled();
    return [alone, together];
  }

  for (const [title, numbers] of [
    ['by rows', [300, 400, 300, A, 400, 1, 0, B, 300, 1, C, 300, 0, SCRATCH]],
    ['by columns', [300, 300, 320, A, 300, 1, 0, B, 320, 1, C, 320, 0, SCRATCH]],
    ['of transposed matrices', [300, 400, 300, A, 1, 300, 0, B, 1, 400, C, 300, 0, SCRATCH]],
    [
      'with room between the rows of the result',
      [300, 400, 300, A, 400, 1, 0, B, 300, 1, C, 310, 0, SCRATCH],
    ],
  ] as Array<[string, number[]]>)
    it(`compute a product ${title} to the bit, and leave the rest of the memory alone`, async () => {
      const [alone, together] = await bothWays((numbers[0] - 1) * numbers[11] + numbers[2], module => {
        module.gemm(...numbers);
      });
      expect(together).toEqual(alone);
    });

  it('add a product to what is there', async () => {
    const numbers = [300, 400, 300, A, 400, 1, 0, B, 300, 1, C, 300, 0, SCRATCH];
    const [alone, together] = await bothWays(300 * 300, module => {
      module.gemm(...numbers);
      module.gemm(...numbers.map((number, i) => (i === 12 ? 1 : number)));
    });
    expect(together).toEqual(alone);
  });

  it('compute convolutions and their slopes to the bit', async () => {
    const info = convInfo('test', [7, 15, 14, 8], [3, 3, 8, 24], {strides: [1, 1], pad: 'same'});
    const places = 7 * 15 * 14;
    const [outputs, inputs, filters] = [places * 24, places * 8, 72 * 24];
    const [alone, together] = await bothWays(outputs + inputs + filters, module => {
      writeGeometry(module.memory, GEOMETRY, info);
      module.conv2D(A, B, C, GEOMETRY, 7, 24, SCRATCH);
      module.conv2DBackpropInput(A, B, C + 4 * outputs, GEOMETRY, 7, 24, SCRATCH);
      const to = C + 4 * (outputs + inputs);
      module.gemm(72, places, 24, A, 0, 0, GEOMETRY, B, 24, 1, to, 24, 0, SCRATCH);
    });
    expect(together).toEqual(alone);
  });

  it('are as many as the flag says, and none where it says 1', () => {
    expect(start().threads!.most).toBe(3);
    env().set(THREADS_FLAG, 1);
    expect(start().threads).toBeUndefined();
  });
});
