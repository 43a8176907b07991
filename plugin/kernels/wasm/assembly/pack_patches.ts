// The transposed matrix of patches, [filterHeight filterWidth channels, batch outHeight outWidth], read from the pictures
// a panel at a time. This is what a convolution's filter slope is made of: patches^T dy.
import {Patches} from './patches';

/** Panels of 4 rows: `rows` from `first` on, at `terms` places of the output from `place` on. */
export function packPatches(
  to: usize,
  x: usize,
  geometry: usize,
  first: i32,
  rows: i32,
  place: i32,
  terms: i32,
): void {
  const p = changetype<Patches>(geometry);
  for (let i = 0; i < rows; i += 4) {
    const height = min(4, rows - i);
    if (height == 4 && p.channels % 4 == 0) packRow<v128>(to, x, p, first + i, place, terms);
    else {
      for (let q = 0; q < 4; q++) {
        const target = to + ((<usize>q) << 2);
        if (q < height) packRow<f32>(target, x, p, first + i + q, place, terms);
        else for (let k = 0; k < terms; k++) store<f32>(target + ((<usize>k) << 4), 0);
      }
    }
    to += (<usize>terms) << 4;
  }
}

/** Row `row` and the three channels behind it (as v128), or it alone (as f32), at 16 bytes a place. */
function packRow<T>(to: usize, x: usize, p: Patches, row: i32, place: i32, terms: i32): void {
  const channel = row % p.channels;
  const tap = row / p.channels;
  const rowOffset = (tap / p.filterWidth) * p.dilationHeight - p.padTop;
  const columnOffset = (tap % p.filterWidth) * p.dilationWidth - p.padLeft;
  const step = (<isize>(p.strideWidth * p.channels)) << 2;
  let outColumn = place % p.outWidth;
  let outRow = (place / p.outWidth) % p.outHeight;
  let picture = place / p.outWidth / p.outHeight;
  while (terms > 0) {
    const run = min(p.outWidth - outColumn, terms);
    const inRow = outRow * p.strideHeight + rowOffset;
    let inColumn = outColumn * p.strideWidth + columnOffset;
    // No column is inside where the row is not.
    const width = <u32>inRow < <u32>p.inHeight ? <u32>p.inWidth : 0;
    const pixel = <isize>(picture * p.inHeight + inRow) * p.inWidth + inColumn;
    let from = <isize>x + ((pixel * p.channels + channel) << 2);
    for (let q = 0; q < run; q++) {
      const isInside = <u32>inColumn < width;
      if (isVector<T>()) v128.store(to, isInside ? v128.load(from) : f32x4.splat(0));
      else store<f32>(to, isInside ? load<f32>(from) : 0);
      to += 16;
      from += step;
      inColumn += p.strideWidth;
    }
    terms -= run;
    outColumn = 0;
    if (++outRow == p.outHeight) {
      outRow = 0;
      picture++;
    }
  }
}
