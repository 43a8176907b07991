// Convolutions' slopes as sums over every place where the filter meets the picture, in float64. No engine is asked.
import {util} from '@tensorflow/tfjs-core';

type Four = [number, number, number, number];

/** One convolution, NHWC; the filter is [height, width, channels, outChannels]. */
export interface Conv {
  x: Four;
  filter: Four;
  strides: [number, number];
  pad: 'same' | 'valid' | number | [[number, number], [number, number], [number, number], [number, number]];
  dilations?: [number, number];
}

/** Sizes of the output and padding before, along one side, as TensorFlow defines them. */
function side({x, filter, strides, pad, dilations = [1, 1]}: Conv, axis: 1 | 2) {
  const [size, stride] = [x[axis], strides[axis - 1]];
  const reach = (filter[axis - 1] - 1) * dilations[axis - 1] + 1;
  if (pad === 'same') {
    const out = Math.ceil(size / stride);
    return {out, before: Math.floor(Math.max(0, (out - 1) * stride + reach - size) / 2)};
  }
  const [before, after] = pad === 'valid' ? [0, 0] : typeof pad === 'number' ? [pad, pad] : pad[axis];
  return {out: Math.max(0, Math.floor((size + before + after - reach) / stride) + 1), before};
}

/** The shape of the output, and of its slope dy. */
export function outShapeOf(conv: Conv): Four {
  return [conv.x[0], side(conv, 1).out, side(conv, 2).out, conv.filter[3]];
}

/** Calls f with the pixel of x, the tap of the filter and the pixel of y of every product, channels left out. */
export function meetings(conv: Conv, f: (pixel: number, tap: number, place: number) => void): void {
  const {x, filter, strides, dilations = [1, 1]} = conv;
  const [rows, columns] = [side(conv, 1), side(conv, 2)];
  for (let b = 0; b < x[0]; b++)
    for (let p = 0; p < rows.out; p++)
      for (let q = 0; q < columns.out; q++)
        for (let i = 0; i < filter[0]; i++)
          for (let j = 0; j < filter[1]; j++) {
            const row = p * strides[0] + i * dilations[0] - rows.before;
            const column = q * strides[1] + j * dilations[1] - columns.before;
            if (row < 0 || row >= x[1] || column < 0 || column >= x[2]) continue;
            const place = (b * rows.out + p) * columns.out + q;
            f((b * x[1] + row) * x[2] + column, i * filter[1] + j, place);
          }
}

/** Calls f with the places in x, in the filter and in y of the numbers of every product, channels among them. */
function products(conv: Conv, f: (inX: number, inFilter: number, inY: number) => void): void {
  const [channels, outChannels] = [conv.x[3], conv.filter[3]];
  meetings(conv, (pixel, tap, place) => {
    for (let c = 0; c < channels; c++)
      for (let o = 0; o < outChannels; o++)
        f(pixel * channels + c, (tap * channels + c) * outChannels + o, place * outChannels + o);
  });
}

/** The convolution itself, of the output's shape. */
export function convolution(conv: Conv, x: ArrayLike<number>, filter: ArrayLike<number>): Float64Array {
  const y = new Float64Array(util.sizeFromShape(outShapeOf(conv)));
  products(conv, (i, j, k) => (y[k] += x[i] * filter[j]));
  return y;
}

/** The slope of the filter, [height, width, channels, outChannels]. */
export function filterSlope(conv: Conv, x: ArrayLike<number>, dy: ArrayLike<number>): Float64Array {
  const slope = new Float64Array(util.sizeFromShape(conv.filter));
  products(conv, (i, j, k) => (slope[j] += x[i] * dy[k]));
  return slope;
}

/** The slope of the pictures, of x's shape. */
export function inputSlope(conv: Conv, dy: ArrayLike<number>, filter: ArrayLike<number>): Float64Array {
  const slope = new Float64Array(util.sizeFromShape(conv.x));
  products(conv, (i, j, k) => (slope[i] += dy[k] * filter[j]));
  return slope;
}
