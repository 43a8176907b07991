// The gradients of both pools: what becomes of each number of dy in its window of the picture.
import {multiplyAdd} from './multiply_add';
import {Patches} from './patches';

/**
 * dx = the sums of dy at the first maximum of each window of x; a NaN is one where the window begins with it, and nowhere
 * else, as in TensorFlow. Where the pointer x is 0, each number of dy is shared among the places of its window that lie on
 * the picture. x and dx are [batch, inHeight, inWidth, channels], dy is [batch, outHeight, outWidth, channels].
 */
export function poolGrad(x: usize, dy: usize, dx: usize, geometry: usize, batch: i32): void {
  const p = changetype<Patches>(geometry);
  const pixel = (<usize>p.channels) << 2;
  const line = <usize>p.inWidth * pixel;
  const picture = <usize>p.inHeight * line;
  memory.fill(dx, 0, <usize>batch * picture);
  for (; batch > 0; batch--, dx += picture) {
    for (let outRow = 0; outRow < p.outHeight; outRow++) {
      const row = outRow * p.strideHeight - p.padTop;
      const top = max(row, 0);
      const rows = min(row + p.filterHeight, p.inHeight) - top;
      for (let outColumn = 0; outColumn < p.outWidth; outColumn++, dy += pixel) {
        const column = outColumn * p.strideWidth - p.padLeft;
        const left = max(column, 0);
        const columns = min(column + p.filterWidth, p.inWidth) - left;
        const window = <usize>top * line + <usize>left * pixel;
        // A window may lie beside the picture, in the padding.
        if (rows > 0 && columns > 0) {
          if (x) toMaximum(x + window, dy, dx + window, rows, columns, line, pixel);
          else share(dy, dx + window, rows, columns, line, pixel);
        }
      }
    }
    if (x) x += picture;
  }
}

function toMaximum(x: usize, dy: usize, dx: usize, rows: i32, columns: i32, line: usize, pixel: usize): void {
  for (let rest = <i32>(pixel >> 2); rest > 0; rest -= 4, x += 16, dy += 16, dx += 16) {
    let best = loadSome(x, rest);
    let place = i32x4.splat(0);
    for (let i = 0; i < rows; i++) {
      let at = <usize>i * line;
      for (let j = 0; j < columns; j++, at += pixel) {
        const value = loadSome(x + at, rest);
        const isLarger = f32x4.lt(best, value);
        best = v128.bitselect(value, best, isLarger);
        place = v128.bitselect(i32x4.splat(<i32>at), place, isLarger);
      }
    }
    addAt(dx + <usize>i32x4.extract_lane(place, 0), dy);
    if (rest > 1) addAt(dx + <usize>i32x4.extract_lane(place, 1) + 4, dy + 4);
    if (rest > 2) addAt(dx + <usize>i32x4.extract_lane(place, 2) + 8, dy + 8);
    if (rest > 3) addAt(dx + <usize>i32x4.extract_lane(place, 3) + 12, dy + 12);
  }
}

function share(dy: usize, dx: usize, rows: i32, columns: i32, line: usize, pixel: usize): void {
  const part: f32 = 1 / <f32>(rows * columns);
  for (; rows > 0; rows--, dx += line) {
    let to = dx;
    for (let j = 0; j < columns; j++) {
      let from = dy;
      const end = dy + pixel;
      for (; from + 16 <= end; from += 16, to += 16)
        v128.store(to, multiplyAdd(v128.load(from), f32x4.splat(part), v128.load(to)));
      for (; from < end; from += 4, to += 4) store<f32>(to, load<f32>(to) + load<f32>(from) * part);
    }
  }
}

function addAt(to: usize, from: usize): void {
  store<f32>(to, load<f32>(to) + load<f32>(from));
}

/** Four numbers, or 0 for those behind the first `count`: memory may end there. */
function loadSome(from: usize, count: i32): v128 {
  if (count >= 4) return v128.load(from);
  let some = v128.load32_zero(from);
  if (count > 1) some = v128.load32_lane(from, some, 1, 4);
  if (count > 2) some = v128.load32_lane(from, some, 2, 8);
  return some;
}
