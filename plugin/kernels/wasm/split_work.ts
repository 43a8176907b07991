import {GEOMETRY_BYTES} from './conv_geometry.js';
import type {SideModule} from './side_module.js';
import type {Part, Threads} from './threads.js';

/** Products of numbers below which waking a worker costs more than it saves. */
const WORTH_SPLITTING = 1 << 21;

/** Products of numbers for each byte to copy, below which copying takes longer than it saves. */
const WORTH_COPYING = 12;

/** The module with its large jobs split between threads; each part computes what it would in the whole, to the bit. */
export function splitWork(module: SideModule, threads: Threads): SideModule {
  const partsOf = (products: number, units: number) =>
    products < WORTH_SPLITTING ? 1 : Math.min(threads.count(), units);
  const scratchForAll = (bytes: number) => threads.most * roundUp(bytes, 16);
  const runParts = (
    name: 'gemm' | 'conv2D' | 'conv2DBackpropInput',
    products: number,
    parts: Part[],
    whole: number[],
  ) => {
    const copied = threads.copies ? parts.slice(1).reduce((total, part) => total + bytesOf(part), 0) : 0;
    if (products < WORTH_COPYING * copied) return module[name](...whole);
    threads.run(name, parts);
    return 0;
  };
  /** From the pictures to the output or back. */
  const byPictures =
    (name: 'conv2D' | 'conv2DBackpropInput') =>
    (...numbers: number[]) => {
      const [from, filter, to, geometry, batch, outChannels, scratch] = numbers;
      const fields = new Int32Array(module.memory.buffer, geometry, 7);
      const [inHeight, inWidth, channels, outHeight, outWidth, filterHeight, filterWidth] = fields;
      const [places, patch] = [outHeight * outWidth, filterHeight * filterWidth * channels];
      const count = partsOf(batch * places * patch * outChannels, batch);
      if (count < 2) return module[name](...numbers);
      const sizes = [4 * inHeight * inWidth * channels, 4 * places * outChannels];
      const [read, written] = name === 'conv2D' ? sizes : sizes.reverse();
      const bytes = roundUp(module[`${name}Scratch`](patch, batch * places, outChannels), 16);
      return runParts(
        name,
        batch * places * patch * outChannels,
        ranges(batch, count, 1).map(([first, size], i): Part => {
          const pointers = [from + first * read, filter, to + first * written, geometry];
          return {
            numbers: [...pointers, size, outChannels, scratch + i * bytes],
            reads: [
              [0, size * read],
              [1, 4 * patch * outChannels],
              [3, GEOMETRY_BYTES],
            ],
            writes: {at: 2, rows: 1, bytes: size * written, step: size * written},
            scratch: [6, bytes],
            adds: false,
          };
        }),
        numbers,
      );
    };
  return {
    ...module,
    conv2DScratch: (...numbers) => scratchForAll(module.conv2DScratch(...numbers)),
    gemmScratch: (...numbers) => scratchForAll(module.gemmScratch(...numbers)),
    conv2DBackpropInputScratch: (...numbers) => scratchForAll(module.conv2DBackpropInputScratch(...numbers)),

    /** By rows or by columns of the result, whatever there is more of; of patches by rows. */
    gemm(...numbers) {
      const [rows, terms, columns, a, aRow, aTerm, patches, b, bTerm, bColumn, c, cRow, adds, scratch] =
        numbers;
      const byRows = patches !== 0 || rows >= columns;
      const unit = byRows ? 4 : 8;
      const count = partsOf(rows * terms * columns, Math.ceil((byRows ? rows : columns) / unit));
      if (count < 2) return module.gemm(...numbers);
      const bytes = roundUp(module.gemmScratch(rows, terms, columns), 16);
      const parts = ranges(byRows ? rows : columns, count, unit).map(([first, size], i): Part => {
        const [height, width] = byRows ? [size, columns] : [rows, size];
        const row = byRows ? first : 0;
        const column = byRows ? 0 : first;
        const from = patches ? [a, aRow + row] : [a + 4 * row * aRow, aRow];
        const to = c + 4 * (row * cRow + column);
        const by = [b + 4 * column * bColumn, bTerm, bColumn];
        const reads: Part['reads'] = [
          [3, patches ? pictureBytes(module.memory, patches, terms) : span(height, aRow, terms, aTerm)],
          [7, span(terms, bTerm, width, bColumn)],
        ];
        if (patches) reads.push([6, GEOMETRY_BYTES]);
        if (adds) reads.push([10, span(height, cRow, width, 1)]);
        return {
          numbers: [
            height,
            terms,
            width,
            ...from,
            aTerm,
            patches,
            ...by,
            to,
            cRow,
            adds,
            scratch + i * bytes,
          ],
          reads,
          writes: {at: 10, rows: height, bytes: 4 * width, step: 4 * cRow},
          scratch: [13, bytes],
          adds: adds !== 0,
        };
      });
      return runParts('gemm', rows * terms * columns, parts, numbers);
    },

    conv2D: byPictures('conv2D'),
    conv2DBackpropInput: byPictures('conv2DBackpropInput'),
  };
}

/** Bytes that a part reads and writes. */
function bytesOf({reads, writes}: Part): number {
  return reads.reduce((total, [, bytes]) => total + bytes, writes.rows * writes.bytes);
}

/** Bytes from the first to the last element of a matrix. */
function span(rows: number, rowStep: number, columns: number, columnStep: number): number {
  return 4 * ((rows - 1) * rowStep + (columns - 1) * columnStep + 1);
}

/** Bytes of the pictures with this number of places of output in all. */
function pictureBytes({buffer}: WebAssembly.Memory, geometry: number, places: number): number {
  const [inHeight, inWidth, channels, outHeight, outWidth] = new Int32Array(buffer, geometry, 5);
  return (4 * inHeight * inWidth * channels * places) / (outHeight * outWidth);
}

/** Start and size of `count` parts of 0 ... size, all but the last of them whole units. */
function ranges(size: number, count: number, unit: number): Array<[number, number]> {
  const units = Math.ceil(size / unit);
  const starts = Array.from({length: count + 1}, (_, i) =>
    Math.min(size, unit * Math.floor((i * units) / count)),
  );
  starts[count] = size;
  return starts.slice(1).map((end, i) => [starts[i], end - starts[i]]);
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
