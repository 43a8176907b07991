import {gather, pad, type backend_util, type Tensor, type Tensor4D} from '@tensorflow/tfjs-core';

/**
 * One place in the windows of a convolution or a pool: for each row of windows the row of the picture that it is on, and for
 * each row of the picture the row of windows; columns alike. -1 where there is none.
 */
export interface WindowTap {
  row: number;
  column: number;
  onPicture: {rows: number[]; columns: number[]};
  inWindows: {rows: number[]; columns: number[]};
}

/** The places of a window, row by row. */
export function windowTaps(info: backend_util.Conv2DInfo): WindowTap[] {
  const {filterHeight, filterWidth, padInfo} = info;
  const rows = line(info.inHeight, info.outHeight, info.strideHeight, info.dilationHeight, padInfo.top);
  const columns = line(info.inWidth, info.outWidth, info.strideWidth, info.dilationWidth, padInfo.left);
  return numbers(filterHeight).flatMap(row =>
    numbers(filterWidth).map(column => ({
      row,
      column,
      onPicture: {rows: rows.onPicture(row), columns: columns.onPicture(column)},
      inWindows: {rows: rows.inWindows(row), columns: columns.inWindows(column)},
    })),
  );
}

/** These rows and columns of x, [batch, height, width, channels]; 0 where there is none. */
export function pick(x: Tensor, {rows, columns}: WindowTap['onPicture']): Tensor4D {
  // Nothing is multiplied by 0, which would make NaN of Infinity: what is not there is read from a line of zeros.
  const padded = pad(x, [
    [0, 0],
    [0, 1],
    [0, 1],
    [0, 0],
  ]);
  const [, height, width] = x.shape;
  const indices = (places: number[], none: number) => places.map(place => (place < 0 ? none : place));
  return gather(gather(padded, indices(rows, height), 1), indices(columns, width), 2) as Tensor4D;
}

function line(inSize: number, outSize: number, stride: number, dilation: number, before: number) {
  return {
    onPicture: (tap: number) =>
      numbers(outSize).map(place => {
        const at = place * stride + tap * dilation - before;
        return at < inSize ? Math.max(-1, at) : -1;
      }),
    inWindows: (tap: number) =>
      numbers(inSize).map(at => {
        const place = (at + before - tap * dilation) / stride;
        return Number.isInteger(place) && place < outSize ? Math.max(-1, place) : -1;
      }),
  };
}

function numbers(count: number): number[] {
  return Array.from({length: count}, (_, i) => i);
}
