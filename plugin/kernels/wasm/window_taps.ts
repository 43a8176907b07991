import {
  addN,
  pad,
  reshape,
  slice,
  zeros,
  type backend_util,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

/**
 * One place in the windows of a convolution or a pool, along one side of the picture: `count` windows from `first` on have it
 * on the picture, the first of them at `start`.
 */
interface TapSide {
  first: number;
  count: number;
  start: number;
  stride: number;
  inSize: number;
  outSize: number;
}

/** One place in the windows, by row and column. */
export interface WindowTap {
  row: number;
  column: number;
  rows: TapSide;
  columns: TapSide;
}

/** The places of a window, row by row. */
export function windowTaps(info: backend_util.Conv2DInfo): WindowTap[] {
  const {filterHeight, filterWidth, padInfo, inHeight, inWidth, outHeight, outWidth} = info;
  return numbers(filterHeight).flatMap(row => {
    const rows = side(inHeight, outHeight, info.strideHeight, row * info.dilationHeight - padInfo.top);
    return numbers(filterWidth).map(column => ({
      row,
      column,
      rows,
      columns: side(inWidth, outWidth, info.strideWidth, column * info.dilationWidth - padInfo.left),
    }));
  });
}

function side(inSize: number, outSize: number, stride: number, offset: number): TapSide {
  const first = Math.max(0, Math.ceil(-offset / stride));
  const end = Math.min(outSize, Math.floor((inSize - 1 - offset) / stride) + 1);
  return {first, count: Math.max(0, end - first), start: first * stride + offset, stride, inSize, outSize};
}

/** Whether any window has this place on the picture. The others below expect so. */
export function isOnPicture({rows, columns}: WindowTap): boolean {
  return rows.count > 0 && columns.count > 0;
}

/** The pixels of x, [batch, inHeight, inWidth, channels], at this place of the windows that have it on the picture. */
export function pixelsAt(x: Tensor, {rows, columns}: WindowTap): Tensor4D {
  const [batch, , , channels] = x.shape as Tensor4D['shape'];
  const [height, width] = [rows.count * rows.stride, columns.count * columns.stride];
  const part = span(x, [rows.start, height], [columns.start, width]);
  const lines = every(part, rows.stride, batch * rows.count, width * channels);
  const pixels = every(lines, columns.stride, batch * rows.count * columns.count, channels);
  return reshape(pixels, [batch, rows.count, columns.count, channels]);
}

/** Of dy, [batch, outHeight, outWidth, channels], the windows that have this place on the picture. */
export function windowsWith(dy: Tensor, {rows, columns}: WindowTap): Tensor4D {
  return span(dy, [rows.first, rows.count], [columns.first, columns.count]);
}

/** The way back of `pixelsAt`: 0 where no pixel was taken. */
export function putBack(pixels: Tensor, {rows, columns}: WindowTap): Tensor4D {
  const [batch, , , channels] = pixels.shape as Tensor4D['shape'];
  const width = columns.count * columns.stride;
  const lines = apart(pixels, columns.stride, batch * rows.count * columns.count, channels);
  const spread = apart(lines, rows.stride, batch * rows.count, width * channels);
  const whole = reshape(spread, [batch, rows.count * rows.stride, width, channels]);
  return span(whole, [-rows.start, rows.inSize], [-columns.start, columns.inSize]);
}

/** The way back of `windowsWith`. */
export function amongWindows(part: Tensor, {rows, columns}: WindowTap): Tensor4D {
  return span(part, [-rows.first, rows.outSize], [-columns.first, columns.outSize]);
}

/** The sum of tensors of this shape; 0 where there are none. */
export function sumOf(parts: Tensor[], shape: number[]): Tensor {
  return addN([zeros(shape), ...parts]);
}

/** Rows and columns of x, each from a start and so many; 0 outside of it. */
function span(x: Tensor, ...ranges: Array<[start: number, size: number]>): Tensor4D {
  const [batch, height, width, channels] = x.shape as Tensor4D['shape'];
  const parts = ranges.map(([start, size], i) => {
    const [from, before] = [Math.max(0, start), Math.max(0, -start)];
    const kept = Math.min([height, width][i] - from, size - before);
    return {from, kept, padding: [before, size - before - kept] as [number, number]};
  });
  const [rows, columns] = parts;
  const cut = slice(x, [0, rows.from, columns.from, 0], [batch, rows.kept, columns.kept, channels]);
  return pad(cut, [[0, 0], rows.padding, columns.padding, [0, 0]]) as Tensor4D;
}

/** The first of each `stride` pieces of `size` numbers; of few axes, as tfjs's slices of many take their time. */
function every(x: Tensor, stride: number, count: number, size: number): Tensor {
  return stride === 1 ? x : slice(reshape(x, [count, stride * size]), [0, 0], [count, size]);
}

/** The way back: zeros behind each piece. */
function apart(x: Tensor, stride: number, count: number, size: number): Tensor {
  const behind: [number, number] = [0, (stride - 1) * size];
  return stride === 1 ? x : pad(reshape(x, [count, size]), [[0, 0], behind]);
}

function numbers(count: number): number[] {
  return Array.from({length: count}, (_, i) => i);
}
