// Both gradients of a depthwise convolution: for each line of dy and each tap of the filter, a run of pixels of x under it.
import {multiplyAdd} from './multiply_add';
import {Patches} from './patches';

/**
 * filter = the sums over all places of x dy, or where `isOfInput`: x = the sums over all taps of filter dy. x is [batch, inHeight,
 * inWidth, channels], dy [batch, outHeight, outWidth, channels multiplier], filter [filterHeight, filterWidth, channels, multiplier].
 */
export function depthwise(
  x: usize,
  dy: usize,
  filter: usize,
  geometry: usize,
  batch: i32,
  multiplier: i32,
  isOfInput: i32,
): void {
  const p = changetype<Patches>(geometry);
  const outChannels = p.channels * multiplier;
  const line = floats(p.inWidth * p.channels);
  const outLine = floats(p.outWidth * outChannels);
  const filterLine = floats(p.filterWidth * outChannels);
  const picture = line * <usize>p.inHeight;
  if (isOfInput) memory.fill(x, 0, <usize>batch * picture);
  else memory.fill(filter, 0, filterLine * <usize>p.filterHeight);
  for (; batch > 0; batch--, x += picture) {
    let firstRow = -p.padTop;
    for (let outRow = 0; outRow < p.outHeight; outRow++, firstRow += p.strideHeight, dy += outLine) {
      let inRow = firstRow;
      let taps = filter;
      for (let i = 0; i < p.filterHeight; i++, inRow += p.dilationHeight, taps += filterLine) {
        if (<u32>inRow < <u32>p.inHeight)
          lineOfTaps(x + <usize>inRow * line, dy, taps, p, multiplier, isOfInput);
      }
    }
  }
}

/** One line of x, one of dy, one of the filter. */
function lineOfTaps(x: usize, dy: usize, taps: usize, p: Patches, multiplier: i32, isOfInput: i32): void {
  const outChannels = p.channels * multiplier;
  const stride = p.strideWidth;
  const outPixel = floats(outChannels);
  let left = -p.padLeft;
  for (let j = 0; j < p.filterWidth; j++, left += p.dilationWidth, taps += outPixel) {
    // The pixels under this tap are at left + place stride.
    const first = left < 0 ? (stride - 1 - left) / stride : 0;
    const end = left < p.inWidth ? min(p.outWidth, (p.inWidth - 1 - left) / stride + 1) : 0;
    const from = x + floats((left + first * stride) * p.channels);
    const slopes = dy + <usize>first * outPixel;
    const step = floats(stride * p.channels);
    let k = 0;
    if (multiplier == 1) {
      for (; k + 4 <= outChannels; k += 4) {
        const at = floats(k);
        run<v128>(from + at, slopes + at, taps + at, step, outPixel, end - first, isOfInput);
      }
    }
    for (; k < outChannels; k++) {
      const at = floats(k);
      run<f32>(from + floats(k / multiplier), slopes + at, taps + at, step, outPixel, end - first, isOfInput);
    }
  }
}

/** One tap of one channel (as f32), or of four (as v128), at `count` pixels. */
function run<T>(
  x: usize,
  dy: usize,
  tap: usize,
  step: usize,
  outStep: usize,
  count: i32,
  isOfInput: i32,
): void {
  const weight = load<T>(tap);
  if (isOfInput) {
    for (; count > 0; count--, x += step, dy += outStep)
      store<T>(x, plusProduct<T>(load<T>(dy), weight, load<T>(x)));
    return;
  }
  // Four sums, which need not wait for each other.
  let sum0 = weight;
  let sum1 = zero<T>();
  let sum2 = sum1;
  let sum3 = sum1;
  for (; count >= 4; count -= 4) {
    sum0 = plusProduct<T>(load<T>(x), load<T>(dy), sum0);
    sum1 = plusProduct<T>(load<T>(x + step), load<T>(dy + outStep), sum1);
    sum2 = plusProduct<T>(load<T>(x + 2 * step), load<T>(dy + 2 * outStep), sum2);
    sum3 = plusProduct<T>(load<T>(x + 3 * step), load<T>(dy + 3 * outStep), sum3);
    x += 4 * step;
    dy += 4 * outStep;
  }
  for (; count > 0; count--, x += step, dy += outStep) sum1 = plusProduct<T>(load<T>(x), load<T>(dy), sum1);
  store<T>(tap, plus<T>(plus<T>(sum0, sum1), plus<T>(sum2, sum3)));
}

function plusProduct<T>(a: T, b: T, c: T): T {
  return isVector<T>() ? multiplyAdd(a, b, c) : a * b + c;
}

function plus<T>(a: T, b: T): T {
  return isVector<T>() ? f32x4.add(a, b) : a + b;
}

function zero<T>(): T {
  return isVector<T>() ? f32x4.splat(0) : 0;
}

function floats(count: i32): usize {
  return (<usize>count) << 2;
}
