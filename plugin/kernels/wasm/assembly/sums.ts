import {addFloats} from './add_patches';
import {tile, widen} from './elementwise';
import {lanes, put, take} from './lanes';

/**
 * to[count, columns] = sums over the rows of x, [count, rows, columns], each divided by `divisor`; `size` is rows columns.
 * Several rows are added as one, which is faster where they are short, and more accurate.
 */
export function sums(
  count: i32,
  size: i32,
  columns: i32,
  x: usize,
  to: usize,
  divisor: f32,
  scratch: usize,
): void {
  const width = min(widen(columns), size);
  for (; count > 0; count--) {
    memory.fill(scratch, 0, (<usize>width) << 2);
    for (let rest = size; rest > 0;) {
      const part = min(rest, width);
      addFloats(scratch, x, part);
      x += (<usize>part) << 2;
      rest -= part;
    }
    fold(to, scratch, columns, width);
    for (let i = 0; i < columns; i++, to += 4) store<f32>(to, load<f32>(to) / divisor);
  }
}

/** to[0, columns] = sums over the rows of dy, to[1, columns] = of dy (x - mean); dy and x have `rest` numbers. */
export function batchNormSums(
  rest: i32,
  columns: i32,
  dy: usize,
  x: usize,
  mean: usize,
  to: usize,
  scratch: usize,
): void {
  const width = widen(columns);
  const line = (<usize>width) << 2;
  memory.fill(scratch, 0, 2 * line);
  tile(scratch + 2 * line, mean, columns, width);
  while (rest > 0) {
    let part = min(rest, width);
    rest -= part;
    for (let sums = scratch; part > 0;) {
      const slope = take(dy, part);
      const product = f32x4.mul(slope, f32x4.sub(take(x, part), take(sums + 2 * line, part)));
      put(sums, f32x4.add(take(sums, part), slope), part);
      put(sums + line, f32x4.add(take(sums + line, part), product), part);
      const count = lanes(part);
      part -= <i32>count;
      dy += count << 2;
      x += count << 2;
      sums += count << 2;
    }
  }
  fold(to, scratch, columns, width);
  fold(to + ((<usize>columns) << 2), scratch + line, columns, width);
}

/** to[columns] = sums over rows of `width` numbers in all, which are written over. */
function fold(to: usize, from: usize, columns: i32, width: i32): void {
  for (; width > columns && !(width % (2 * columns));) {
    width >>= 1;
    addFloats(from, from + ((<usize>width) << 2), width);
  }
  const line = (<usize>columns) << 2;
  memory.fill(to, 0, line);
  for (let i = 0; i < width; i += columns, from += line) addFloats(to, from, columns);
}
