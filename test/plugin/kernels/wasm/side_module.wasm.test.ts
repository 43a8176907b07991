import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {startSideModule} from '../../../../plugin/kernels/wasm/side_module.js';
import type {WasmBackend} from '../../../../plugin/kernels/wasm/wasm_backend.js';
import {startedModule} from '../../../support/side_modules.js';
import {runningWasm, startWasmOn} from '../../../support/wasm_engine.js';

const {validate} = WebAssembly;

describe('the side module', () => {
  beforeEach(() => startWasmOn('simd'));
  afterEach(() => void (WebAssembly.validate = validate));

  it('computes in memory that is not its own, shared between threads or not', () => {
    for (const shared of [false, true]) {
      const memory = new WebAssembly.Memory({initial: 4, maximum: 65536, shared});
      const module = startedModule({wasm: {wasmMemory: memory}} as WasmBackend);
      const floats = new Float32Array(memory.buffer);
      floats.set([1, 2, 3, 4], 0);
      floats.set([10, 20, 30, 40], 4);
      // a at 0, b at 16, c at 32, scratch at 48. [1 2; 3 4] [10 20; 30 40] = [70 100; 150 220].
      module.gemm(2, 2, 2, 0, 2, 1, 0, 16, 2, 1, 32, 2, 0, 48);
      expect(Array.from(floats.subarray(8, 12))).toEqual([70, 100, 150, 220]);
      // Added to what is there.
      module.gemm(2, 2, 2, 0, 2, 1, 0, 16, 2, 1, 32, 2, 1, 48);
      expect(Array.from(floats.subarray(8, 12))).toEqual([140, 200, 300, 440]);
    }
  });

  it('writes inside of its result and of the scratch that it asks for only', () => {
    const memory = new WebAssembly.Memory({initial: 64, maximum: 65536});
    const module = startedModule({wasm: {asm: {memory}}} as unknown as WasmBackend);
    for (const [rows, terms, columns] of [
      [1, 1, 1],
      [5, 3, 9],
      [97, 257, 13],
      [3, 2, 517],
    ]) {
      const floats = new Float32Array(memory.buffer).fill(-9);
      const [a, b] = [4096, 4096 + rows * terms + 64];
      const c = b + terms * columns + 64;
      // An odd multiple of 4 bytes: what is asked for must do for any.
      const scratch = c + rows * columns + 65;
      const end = scratch + module.gemmScratch(rows, terms, columns) / 4;
      floats.fill(1, a, a + rows * terms).fill(1, b, b + terms * columns);
      const aAndB = [4 * a, terms, 1, 0, 4 * b, columns, 1];
      module.gemm(rows, terms, columns, ...aAndB, 4 * c, columns, 0, 4 * scratch);
      expect(floats.subarray(c, c + rows * columns).every(value => value === terms)).toBe(true);
      const gaps = [
        [0, a],
        [a + rows * terms, b],
        [b + terms * columns, c],
        [c + rows * columns, scratch],
        [end, floats.length],
      ];
      for (const [from, to] of gaps)
        expect(floats.subarray(from, to).every(value => value === -9)).toBe(true);
    }
  });

  it('runs on relaxed SIMD where the engine has it, and on SIMD where not', async () => {
    expect(startedModule(runningWasm()).variant).toBe('simd');
    await startWasmOn('relaxed-simd');
    expect(startedModule(runningWasm()).variant).toBe('relaxed-simd');
  });

  it('says why it does not start: no memory, no SIMD, or what the engine says', () => {
    expect(startSideModule({wasm: {}} as WasmBackend)).toBe(
      'this version of tfjs keeps its memory to itself',
    );
    WebAssembly.validate = () => false;
    expect(startSideModule(runningWasm())).toBe('this engine has no SIMD');
    WebAssembly.validate = validate;
    // The module wants at most 65,536 pages, and a memory that says how many it may have.
    const wasmMemory = new WebAssembly.Memory({initial: 1});
    expect(startSideModule({wasm: {wasmMemory}} as WasmBackend)).toMatch(
      /^the module does not start: .*maximum/,
    );
  });
});
