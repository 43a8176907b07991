import type {SideModule} from './side_module.js';
import type {Threads} from './threads.js';

/** Products of numbers below which waking a worker costs more than it saves. */
const WORTH_SPLITTING = 1 << 21;

/** The module with its large jobs split between threads; each part computes what it would in the whole, to the bit. */
export function splitWork(module: SideModule, threads: Threads): SideModule {
  const partsOf = (products: number, units: number) =>
    products < WORTH_SPLITTING ? 1 : Math.min(threads.count(), units);
  const scratchForAll = (bytes: number) => threads.most * roundUp(bytes, 16);
  return {
    ...module,
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
      const parts = ranges(byRows ? rows : columns, count, unit).map(([first, size], i) => {
        const own = scratch + i * bytes;
        if (patches !== 0) {
          const from = [a, aRow + first, aTerm, patches, b, bTerm, bColumn];
          return [size, terms, columns, ...from, c + 4 * first * cRow, cRow, adds, own];
        }
        if (byRows) {
          const from = [a + 4 * first * aRow, aRow, aTerm, 0, b, bTerm, bColumn];
          return [size, terms, columns, ...from, c + 4 * first * cRow, cRow, adds, own];
        }
        const from = [a, aRow, aTerm, 0, b + 4 * first * bColumn, bTerm, bColumn];
        return [rows, terms, size, ...from, c + 4 * first, cRow, adds, own];
      });
      threads.run('gemm', parts);
      return 0;
    },

    /** By pictures. */
    conv2DBackpropInput(...numbers) {
      const [dy, filter, dx, geometry, batch, outChannels, scratch] = numbers;
      const fields = new Int32Array(module.memory.buffer, geometry, 7);
      const [inHeight, inWidth, channels, outHeight, outWidth, filterHeight, filterWidth] = fields;
      const [places, patch] = [outHeight * outWidth, filterHeight * filterWidth * channels];
      const count = partsOf(batch * places * patch * outChannels, batch);
      if (count < 2) return module.conv2DBackpropInput(...numbers);
      const bytes = roundUp(module.conv2DBackpropInputScratch(patch, batch * places, outChannels), 16);
      const parts = ranges(batch, count, 1).map(([first, size], i) => {
        const from = dy + 4 * first * places * outChannels;
        const to = dx + 4 * first * inHeight * inWidth * channels;
        return [from, filter, to, geometry, size, outChannels, scratch + i * bytes];
      });
      threads.run('conv2DBackpropInput', parts);
      return 0;
    },
  };
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
