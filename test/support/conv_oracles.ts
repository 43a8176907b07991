// Convolutions' slopes as sums over every place where the filter meets the picture, in float64. No engine is asked.

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

/** The convolution itself, of the output's shape. */
export function convolution(conv: Conv, x: ArrayLike<number>, filter: ArrayLike<number>): Float64Array {
  const [channels, outChannels] = [conv.x[3], conv.filter[3]];
  const y = new Float64Array(outShapeOf(conv).reduce((product, n) => product * n, 1));
  meetings(conv, (pixel, tap, place) => {
    for (let c = 0; c < channels; c++)
      for (let o = 0; o < outChannels; o++)
        y[place * outChannels + o] +=
          x[pixel * channels + c] * filter[(tap * channels + c) * outChannels + o];
  });
  return y;
}

/** The slope of the filter, [height, width, channels, outChannels]. */
export function filterSlope(conv: Conv, x: ArrayLike<number>, dy: ArrayLike<number>): Float64Array {
  const [channels, outChannels] = [conv.x[3], conv.filter[3]];
  const slope = new Float64Array(conv.filter.reduce((product, n) => product * n, 1));
  meetings(conv, (pixel, tap, place) => {
    for (let c = 0; c < channels; c++)
      for (let o = 0; o < outChannels; o++)
        slope[(tap * channels + c) * outChannels + o] +=
          x[pixel * channels + c] * dy[place * outChannels + o];
  });
  return slope;
}

/** The slope of the pictures, of x's shape. */
export function inputSlope(conv: Conv, dy: ArrayLike<number>, filter: ArrayLike<number>): Float64Array {
  const [channels, outChannels] = [conv.x[3], conv.filter[3]];
  const slope = new Float64Array(conv.x.reduce((product, n) => product * n, 1));
  meetings(conv, (pixel, tap, place) => {
    for (let c = 0; c < channels; c++)
      for (let o = 0; o < outChannels; o++)
        slope[pixel * channels + c] +=
          dy[place * outChannels + o] * filter[(tap * channels + c) * outChannels + o];
  });
  return slope;
}

/** A depthwise filter is [height, width, channels, multiplier]; its output has channels times multiplier channels. */
export function depthwiseFilterSlope(conv: Conv, x: ArrayLike<number>, dy: ArrayLike<number>): Float64Array {
  const [channels, multiplier] = [conv.x[3], conv.filter[3]];
  const slope = new Float64Array(conv.filter.reduce((product, n) => product * n, 1));
  meetings(conv, (pixel, tap, place) => {
    for (let c = 0; c < channels; c++)
      for (let m = 0; m < multiplier; m++)
        slope[(tap * channels + c) * multiplier + m] +=
          x[pixel * channels + c] * dy[(place * channels + c) * multiplier + m];
  });
  return slope;
}

/** The slope of the pictures of a depthwise convolution. */
export function depthwiseInputSlope(
  conv: Conv,
  dy: ArrayLike<number>,
  filter: ArrayLike<number>,
): Float64Array {
  const [channels, multiplier] = [conv.x[3], conv.filter[3]];
  const slope = new Float64Array(conv.x.reduce((product, n) => product * n, 1));
  meetings(conv, (pixel, tap, place) => {
    for (let c = 0; c < channels; c++)
      for (let m = 0; m < multiplier; m++)
        slope[pixel * channels + c] +=
          dy[(place * channels + c) * multiplier + m] * filter[(tap * channels + c) * multiplier + m];
  });
  return slope;
}

/** The slope of an average pool over the filter's window: each place divides by the pixels that it has. */
export function averagePoolSlope(conv: Conv, dy: ArrayLike<number>): Float64Array {
  const channels = conv.x[3];
  const counts: number[] = [];
  meetings(conv, (_, __, place) => void (counts[place] = (counts[place] ?? 0) + 1));
  const slope = new Float64Array(conv.x.reduce((product, n) => product * n, 1));
  meetings(conv, (pixel, _, place) => {
    for (let c = 0; c < channels; c++)
      slope[pixel * channels + c] += dy[place * channels + c] / counts[place];
  });
  return slope;
}

/** For each number of a max pool over the filter's window, the place in x of the first maximum. */
export function firstMaxima(conv: Conv, x: ArrayLike<number>): number[] {
  const channels = conv.x[3];
  const best: number[] = [];
  meetings(conv, (pixel, _, place) => {
    for (let c = 0; c < channels; c++) {
      const [from, to] = [pixel * channels + c, place * channels + c];
      if (best[to] === undefined || x[from] > x[best[to]]) best[to] = from;
    }
  });
  return best;
}

/** The slope of a max pool, at the first maximum of each window. */
export function maxPoolSlope(conv: Conv, x: ArrayLike<number>, dy: ArrayLike<number>): Float64Array {
  const slope = new Float64Array(conv.x.reduce((product, n) => product * n, 1));
  firstMaxima(conv, x).forEach((from, to) => (slope[from] += dy[to]));
  return slope;
}
