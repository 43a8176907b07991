// One matrix product, C = A B or C += A B, in blocks that stay in the caches. A is read by a packer: from a matrix with
// any strides, or from the patches of pictures, which are never written out.
import {multiplyAdd} from './multiply_add';
import {packPatches} from './pack_patches';
import {packColumns, packRows} from './pack';

/** Rows of A, terms of the sums and columns of B in a block. */
const ROWS: i32 = 96;
const TERMS: i32 = 256;
const COLUMNS: i32 = 512;

/** Bytes of scratch memory that `gemm` needs for a product of this size. */
export function gemmScratch(rows: i32, terms: i32, columns: i32): i32 {
  const k = min(terms, TERMS);
  return (roundUp(min(rows, ROWS), 4) * k + roundUp(min(columns, COLUMNS), 8) * k) * 4 + 16;
}

/**
 * c[rows, columns] = a b, or c += a b where `adds` is not 0. Element (i, k) of a is at a + 4 (i aRow + k aTerm), and so for
 * b; rows of c are cRow apart. Where `patches` is not 0 it points to the geometry of pictures at a, and the rows are from aRow
 * on: see pack_patches.
 */
export function gemm(
  rows: i32,
  terms: i32,
  columns: i32,
  a: usize,
  aRow: i32,
  aTerm: i32,
  patches: usize,
  b: usize,
  bTerm: i32,
  bColumn: i32,
  c: usize,
  cRow: i32,
  adds: i32,
  scratch: usize,
): void {
  if (terms == 0 && !adds) clear(rows, columns, c, cRow);
  const packedA: usize = (scratch + 15) & ~15;
  const packedB: usize = packedA + ((<usize>(roundUp(min(rows, ROWS), 4) * min(terms, TERMS))) << 2);
  for (let n = 0; n < columns; n += COLUMNS) {
    const width = min(COLUMNS, columns - n);
    for (let k = 0; k < terms; k += TERMS) {
      const depth = min(TERMS, terms - k);
      const keeps = adds | i32(k > 0);
      packColumns(packedB, at(b, k, bTerm, n, bColumn), depth, width, bTerm, bColumn);
      for (let m = 0; m < rows; m += ROWS) {
        const height = min(ROWS, rows - m);
        if (patches) packPatches(packedA, a, patches, aRow + m, height, k, depth);
        else packRows(packedA, at(a, m, aRow, k, aTerm), height, depth, aRow, aTerm);
        block(height, depth, width, packedA, packedB, at(c, m, cRow, n, 1), cRow, keeps);
      }
    }
  }
}

/** An empty sum is 0. */
function clear(rows: i32, columns: i32, c: usize, cRow: i32): void {
  for (let i = 0; i < rows; i++) memory.fill(at(c, i, cRow, 0, 1), 0, (<usize>columns) << 2);
}

function block(
  height: i32,
  depth: i32,
  width: i32,
  a: usize,
  b: usize,
  c: usize,
  cRow: i32,
  adds: i32,
): void {
  const step = (<usize>cRow) << 2;
  for (let j = 0; j < width; j += 8) {
    const panel = b + ((<usize>(j * depth)) << 2);
    for (let i = 0; i < height; i += 4) {
      const target = at(c, i, cRow, j, 1);
      tile(
        depth,
        a + ((<usize>(i * depth)) << 2),
        panel,
        target,
        step,
        min(4, height - i),
        min(8, width - j),
        adds,
      );
    }
  }
}

/** 4 rows by 8 columns of C, or the part of them that there is. */
function tile(
  depth: i32,
  a: usize,
  b: usize,
  c: usize,
  step: usize,
  height: i32,
  width: i32,
  adds: i32,
): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  const end = a + ((<usize>depth) << 4);
  while (a < end) {
    const b0 = v128.load(b, 0);
    const b1 = v128.load(b, 16);
    let row = v128.load32_splat(a, 0);
    c00 = multiplyAdd(row, b0, c00);
    c01 = multiplyAdd(row, b1, c01);
    row = v128.load32_splat(a, 4);
    c10 = multiplyAdd(row, b0, c10);
    c11 = multiplyAdd(row, b1, c11);
    row = v128.load32_splat(a, 8);
    c20 = multiplyAdd(row, b0, c20);
    c21 = multiplyAdd(row, b1, c21);
    row = v128.load32_splat(a, 12);
    c30 = multiplyAdd(row, b0, c30);
    c31 = multiplyAdd(row, b1, c31);
    a += 16;
    b += 32;
  }
  writeRow(c, c00, c01, width, adds);
  if (height > 1) writeRow(c + step, c10, c11, width, adds);
  if (height > 2) writeRow(c + 2 * step, c20, c21, width, adds);
  if (height > 3) writeRow(c + 3 * step, c30, c31, width, adds);
}

function writeRow(c: usize, low: v128, high: v128, width: i32, adds: i32): void {
  if (width == 8) {
    if (adds) {
      low = f32x4.add(v128.load(c), low);
      high = f32x4.add(v128.load(c, 16), high);
    }
    v128.store(c, low);
    v128.store(c, high, 16);
    return;
  }
  if (width >= 4) {
    v128.store(c, adds ? f32x4.add(v128.load(c), low) : low);
    c += 16;
    width -= 4;
    low = high;
  }
  if (width > 0) writeLane(c, f32x4.extract_lane(low, 0), adds);
  if (width > 1) writeLane(c + 4, f32x4.extract_lane(low, 1), adds);
  if (width > 2) writeLane(c + 8, f32x4.extract_lane(low, 2), adds);
}

function writeLane(c: usize, value: f32, adds: i32): void {
  store<f32>(c, adds ? load<f32>(c) + value : value);
}

function at(base: usize, i: i32, iStep: i32, j: i32, jStep: i32): usize {
  return base + ((<usize>i * <usize>iStep + <usize>j * <usize>jStep) << 2);
}

function roundUp(value: i32, to: i32): i32 {
  return (value + to - 1) & -to;
}
