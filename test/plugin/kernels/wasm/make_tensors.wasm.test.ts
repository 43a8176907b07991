import {beforeAll, describe, expect, it} from 'vitest';
import '../../../../plugin/kernels/wasm/index.js';
import {makeTensors} from '../../../../plugin/kernels/wasm/make_tensors.js';
import {WasmMemoryError, type WasmBackend} from '../../../../plugin/kernels/wasm/wasm_backend.js';
import {startWasmOn} from '../../../support/wasm_engine.js';
import {expectNothingHeld} from '../../../support/wasm_heap.js';

describe('several tensors of one kernel', () => {
  let backend: WasmBackend;
  beforeAll(async () => {
    backend = await startWasmOn('simd');
  });
  const dispose = (made: ReturnType<typeof makeTensors>) =>
    made.forEach(({dataId}) => backend.disposeData(dataId));

  it('have places of their own', () => {
    expectNothingHeld(backend, () => {
      const places: number[] = [];
      const made = makeTensors(backend, 'Several', [[2, 3], [4]], outputs => places.push(...outputs));
      expect(made.map(({shape}) => shape)).toEqual([[2, 3], [4]]);
      expect(new Set(places).size).toBe(2);
      expect(places).not.toContain(0);
      dispose(made);
    });
  });

  it('are made without a call where none has values', () => {
    const made = makeTensors(backend, 'Several', [[0], [2, 0]], () => {
      throw new Error('planted');
    });
    expect(made.map(({shape}) => shape)).toEqual([[0], [2, 0]]);
    dispose(made);
  });

  it('are all given back where there is no room for one, and where the kernel throws', () => {
    expectNothingHeld(backend, () => {
      const large = [[1000], [2 ** 15, 2 ** 15]];
      expect(() => makeTensors(backend, 'Several', large, () => {})).toThrow(WasmMemoryError);
      const broken = () => {
        throw new Error('planted');
      };
      expect(() => makeTensors(backend, 'Several', [[3], [4]], broken)).toThrow('planted');
    });
  });
});
