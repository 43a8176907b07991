// What depthwise convolutions and pools send back, in float64. No engine is asked.
import {util} from '@tensorflow/tfjs-core';
import {meetings, type Conv} from './conv_oracles.js';

/** Where a window takes the maximum, or shares what it gets: the filter of a pool is its window, one of each channel. */
type Pool = Conv;

/** Calls f with the places in x, in the filter and in y of every product; y has channels times multiplier channels. */
function products(conv: Conv, f: (inX: number, inFilter: number, inY: number) => void): void {
  const [channels, multiplier] = [conv.x[3], conv.filter[3]];
  const outChannels = channels * multiplier;
  meetings(conv, (pixel, tap, place) => {
    for (let k = 0; k < outChannels; k++)
      f(pixel * channels + Math.floor(k / multiplier), tap * outChannels + k, place * outChannels + k);
  });
}

/** The slope of a depthwise convolution's filter, [height, width, channels, multiplier]. */
export function depthwiseFilterSlope(conv: Conv, x: ArrayLike<number>, dy: ArrayLike<number>): Float64Array {
  const slope = new Float64Array(util.sizeFromShape(conv.filter));
  products(conv, (i, j, k) => (slope[j] += x[i] * dy[k]));
  return slope;
}

/** The slope of a depthwise convolution's pictures, of x's shape. */
export function depthwiseInputSlope(
  conv: Conv,
  dy: ArrayLike<number>,
  filter: ArrayLike<number>,
): Float64Array {
  const slope = new Float64Array(util.sizeFromShape(conv.x));
  products(conv, (i, j, k) => (slope[i] += dy[k] * filter[j]));
  return slope;
}

/** For each number of a max pool, the place in x of its window's first maximum. */
export function firstMaxima(pool: Pool, x: ArrayLike<number>): number[] {
  const channels = pool.x[3];
  const best: number[] = [];
  meetings(pool, (pixel, _, place) => {
    for (let c = 0; c < channels; c++) {
      const [from, to] = [pixel * channels + c, place * channels + c];
      // As TensorFlow compares: a NaN that comes first stays, and one that comes later is never larger.
      if (best[to] === undefined || x[from] > x[best[to]]) best[to] = from;
    }
  });
  return best;
}

/** The slope of sum(dy * maxPool(x)): dy at the first maximum of each window. */
export function maxPoolSlope(pool: Pool, x: ArrayLike<number>, dy: ArrayLike<number>): Float64Array {
  const slope = new Float64Array(x.length);
  firstMaxima(pool, x).forEach((from, to) => (slope[from] += dy[to]));
  return slope;
}

/** The slope of sum(dy * avgPool(x)): dy in equal shares to the pixels of each window. */
export function avgPoolSlope(pool: Pool, dy: ArrayLike<number>): Float64Array {
  const slope = new Float64Array(util.sizeFromShape(pool.x));
  const channels = pool.x[3];
  const counts: number[] = [];
  meetings(pool, (_, __, place) => void (counts[place] = (counts[place] ?? 0) + 1));
  meetings(pool, (pixel, _, place) => {
    for (let c = 0; c < channels; c++)
      slope[pixel * channels + c] += dy[place * channels + c] / counts[place];
  });
  return slope;
}
