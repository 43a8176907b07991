// What depthwise convolutions and pools send back, in float64. No engine is asked.
import {meetings, type Conv} from './conv_oracles.js';

/** Where a window takes the maximum, or shares what it gets: the filter of a pool is its window, one of each channel. */
type Pool = Conv;

/** Both slopes of sum(dy * depthwiseConv2d(x, filter)); the filter is [height, width, channels, multiplier]. */
export function depthwiseSlopes(
  conv: Conv,
  {x, dy, filter}: Record<'x' | 'dy' | 'filter', ArrayLike<number>>,
): {x: Float64Array; filter: Float64Array} {
  const slopes = {x: new Float64Array(x.length), filter: new Float64Array(filter.length)};
  const [channels, multiplier] = [conv.x[3], conv.filter[3]];
  meetings(conv, (pixel, tap, place) => {
    for (let k = 0; k < channels * multiplier; k++) {
      const [i, j] = [pixel * channels + Math.floor(k / multiplier), tap * channels * multiplier + k];
      const slope = dy[place * channels * multiplier + k];
      slopes.x[i] += slope * filter[j];
      slopes.filter[j] += slope * x[i];
    }
  });
  return slopes;
}

/** The slope of sum(dy * maxPool(x)): dy at the first maximum of each window. */
export function maxPoolSlope(pool: Pool, x: ArrayLike<number>, dy: ArrayLike<number>): Float64Array {
  const slope = new Float64Array(x.length);
  const channels = pool.x[3];
  const best = new Map<number, number>();
  meetings(pool, (pixel, _, place) => {
    for (let c = 0; c < channels; c++) {
      const [window, at] = [place * channels + c, pixel * channels + c];
      const last = best.get(window);
      // As TensorFlow compares: a NaN that comes first stays, and one that comes later is never larger.
      if (last === undefined || x[last] < x[at]) best.set(window, at);
    }
  });
  for (const [window, at] of best) slope[at] += dy[window];
  return slope;
}

/** The slope of sum(dy * avgPool(x)): dy in equal shares to the pixels of each window. */
export function avgPoolSlope(pool: Pool, dy: ArrayLike<number>): Float64Array {
  const slope = new Float64Array(pool.x.reduce((product, n) => product * n, 1));
  const channels = pool.x[3];
  const counts = new Map<number, number>();
  meetings(pool, (_, __, place) => void counts.set(place, (counts.get(place) ?? 0) + 1));
  meetings(pool, (pixel, _, place) => {
    for (let c = 0; c < channels; c++)
      slope[pixel * channels + c] += dy[place * channels + c] / counts.get(place)!;
  });
  return slope;
}
