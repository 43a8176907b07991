import {env} from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {convInfo, writeGeometry} from '../../../../plugin/kernels/wasm/conv_geometry.js';
import '../../../../plugin/kernels/wasm/index.js';
import type {SideModule} from '../../../../plugin/kernels/wasm/side_module.js';
import {THREADS_FLAG} from '../../../../plugin/kernels/wasm/start_threads.js';
import {splitWork} from '../../../../plugin/kernels/wasm/split_work.js';
import type {Threads} from '../../../../plugin/kernels/wasm/threads.js';
import {moduleOnNumbers} from '../../../support/side_modules.js';

const MEBIBYTE = 1 << 20;
const [A, B, C, GEOMETRY, SCRATCH] = [0, 16 * MEBIBYTE, 32 * MEBIBYTE, 40 * MEBIBYTE, 41 * MEBIBYTE];
const THREADS = 3;

env().set(THREADS_FLAG, 1);
const {module} = moduleOnNumbers(960, C);

/** Threads one after another: what they are given is what matters here. */
function inTurn(copies = false) {
  const given: number[][][] = [];
  const threads: Threads = {
    most: THREADS,
    copies,
    count: () => THREADS,
    run: (name, parts) => {
      given.push(parts.map(({numbers}) => numbers));
      // The last first: no part needs another.
      for (const {numbers} of [...parts].reverse()) module[name as 'gemm'](...numbers);
    },
    stop: () => undefined,
  };
  return {threads, given};
}

/** Expects the same of f on the whole and on parts, to the bit; gives the sizes of the parts. */
function sizesOfParts(size: number, sizeAt: number, f: (module: SideModule) => void): number[][] {
  const {threads, given} = inTurn();
  const [whole, split] = [module, splitWork(module, threads)].map(runner => {
    const floats = new Float32Array(module.memory.buffer);
    floats.fill(-9, C / 4, GEOMETRY / 4);
    f(runner);
    expect(floats[C / 4 + size]).toBe(-9);
    return floats.slice(C / 4, C / 4 + size);
  });
  expect(split).toEqual(whole);
  return given.map(parts => parts.map(part => part[sizeAt]));
}

describe('split work gives what the whole gives, to the bit', () => {
  for (const [rows, terms, columns, sizes, at] of [
    // 43 fours of rows: 14, 14 and 15, the last of them of one row.
    [169, 130, 100, [[56, 56, 57]], 0],
    // 25 eights of columns: 8, 8 and 9, the last of them of 3 columns.
    [60, 200, 195, [[64, 64, 67]], 2],
    // 9 rows are three fours.
    [9, 30_000, 8, [[4, 4, 1]], 0],
    // As many parts as there are units.
    [8, 40_000, 8, [[4, 4]], 0],
    [1, 300_000, 9, [[8, 1]], 2],
  ] as Array<[number, number, number, number[][], number]>) {
    it(`in a product of ${rows} x ${terms} x ${columns}`, () => {
      const found = sizesOfParts(rows * columns, at, module => {
        module.gemm(rows, terms, columns, A, terms, 1, 0, B, columns, 1, C, columns, 0, SCRATCH);
      });
      expect(found).toEqual(sizes);
    });
  }

  it('in a product of transposed matrices, and one that is added', () => {
    const [rows, terms, columns] = [150, 120, 130];
    const found = sizesOfParts(rows * columns, 0, module => {
      module.gemm(rows, terms, columns, A, 1, rows, 0, B, 1, terms, C, columns, 0, SCRATCH);
      module.gemm(rows, terms, columns, A, 1, rows, 0, B, 1, terms, C, columns, 1, SCRATCH);
    });
    expect(found.length).toBe(2);
  });

  for (const [channels, outChannels, sizes] of [
    // 72 rows are 18 fours; 27 are 7, the last of them of 3 rows.
    [8, 24, [24, 24, 24]],
    [3, 72, [8, 8, 11]],
  ] as Array<[number, number, number[]]>) {
    const filter: [number, number, number, number] = [3, 3, channels, outChannels];
    const info = convInfo('test', [5, 23, 21, channels], filter, {strides: [1, 2], pad: 'same'});
    const places = info.outHeight * info.outWidth;

    it(`in a filter's slope, ${channels} channels`, () => {
      const rows = 9 * channels;
      const found = sizesOfParts(rows * outChannels, 0, module => {
        writeGeometry(module.memory, GEOMETRY, info);
        module.gemm(
          ...[
            rows,
            5 * places,
            outChannels,
            A,
            0,
            0,
            GEOMETRY,
            B,
            outChannels,
            1,
            C,
            outChannels,
            0,
            SCRATCH,
          ],
        );
      });
      expect(found).toEqual([sizes]);
    });

    for (const [name, size] of [
      ['conv2D', 5 * places * outChannels],
      ['conv2DBackpropInput', 5 * 23 * 21 * channels],
    ] as Array<['conv2D' | 'conv2DBackpropInput', number]>)
      it(`in ${name}, ${channels} channels`, () => {
        const found = sizesOfParts(size, 4, module => {
          writeGeometry(module.memory, GEOMETRY, info);
          module[name](A, B, C, GEOMETRY, 5, outChannels, SCRATCH);
        });
        expect(found).toEqual([[1, 2, 2]]);
      });
  }

  it('with scratch memory of its own for each part', () => {
    const {threads, given} = inTurn();
    const split = splitWork(module, threads);
    const bytes = split.gemmScratch(200, 200, 200);
    expect(bytes).toBeGreaterThanOrEqual(THREADS * module.gemmScratch(200, 200, 200));
    split.gemm(200, 200, 200, A, 200, 1, 0, B, 200, 1, C, 200, 0, SCRATCH);
    const starts = given[0].map(part => part[13]);
    const each = given[0].map(([rows, terms, columns]) => module.gemmScratch(rows, terms, columns));
    starts.forEach((first, i) =>
      expect(first + each[i]).toBeLessThanOrEqual(starts[i + 1] ?? SCRATCH + bytes),
    );
  });

  it('on one thread where a job is small', () => {
    const found = sizesOfParts(100, 0, module => {
      module.gemm(10, 10, 10, A, 10, 1, 0, B, 10, 1, C, 10, 0, SCRATCH);
    });
    expect(found).toEqual([]);
  });
});

describe('split work whose operands are copied', () => {
  /** How often a product [rows, terms] x [terms, 512] is split. */
  const splits = (rows: number, terms: number, copies: boolean) => {
    const {threads, given} = inTurn(copies);
    splitWork(module, threads).gemm(rows, terms, 512, A, terms, 1, 0, B, 512, 1, C, 512, 0, SCRATCH);
    return given.length;
  };

  it('is split where the products outweigh the bytes', () => {
    // 16 million products are too few for the second and the third part's 2.9 MB of rows, columns and results.
    expect([splits(2048, 16, false), splits(2048, 16, true)]).toEqual([1, 0]);
    // 268 million for 4.8 MB are enough.
    expect(splits(1024, 512, true)).toBe(1);
  });
});
