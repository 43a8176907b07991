import {lanes, put, take} from './lanes';

/**
 * to = dy where 0 < x <= most, else 0, `rest` numbers. As products with 1, 0 or, where x is NaN, NaN: NaN and infinities
 * of dy come out as they do from tfjs.
 */
export function gate(rest: i32, x: usize, dy: usize, to: usize, most: f32): void {
  const limit = f32x4.splat(most);
  const one = f32x4.splat(1);
  while (rest > 0) {
    const value = take(x, rest);
    const isOpen = v128.and(f32x4.gt(value, f32x4.splat(0)), f32x4.le(value, limit));
    const factor = v128.or(v128.and(isOpen, one), f32x4.ne(value, value));
    put(to, f32x4.mul(take(dy, rest), factor), rest);
    const count = lanes(rest);
    rest -= <i32>count;
    x += count << 2;
    dy += count << 2;
    to += count << 2;
  }
}

/** to = the smaller one of x and limit, `rest` numbers; NaN where x is. */
export function minimum(rest: i32, x: usize, to: usize, limit: f32): void {
  const limits = f32x4.splat(limit);
  while (rest > 0) {
    put(to, f32x4.min(take(x, rest), limits), rest);
    const count = lanes(rest);
    rest -= <i32>count;
    x += count << 2;
    to += count << 2;
  }
}

/** to = dy where x < limit, else 0 dy, `rest` numbers. */
export function minimumGrad(rest: i32, x: usize, dy: usize, to: usize, limit: f32): void {
  const limits = f32x4.splat(limit);
  const one = f32x4.splat(1);
  while (rest > 0) {
    const factor = v128.and(f32x4.lt(take(x, rest), limits), one);
    put(to, f32x4.mul(take(dy, rest), factor), rest);
    const count = lanes(rest);
    rest -= <i32>count;
    x += count << 2;
    dy += count << 2;
    to += count << 2;
  }
}

/**
 * to = (x - mean) factor + offset, `rest` numbers in rows of the length of mean, factor and offset, which lie behind each
 * other, `columns` numbers each. Several rows at a time, so that short ones fill vectors too.
 */
export function normalize(rest: i32, columns: i32, x: usize, terms: usize, to: usize, scratch: usize): void {
  const width = widen(columns);
  const line = (<usize>width) << 2;
  for (let i: usize = 0; i < 3; i++)
    tile(scratch + i * line, terms + ((i * <usize>columns) << 2), columns, width);
  while (rest > 0) {
    let part = min(rest, width);
    rest -= part;
    for (let mean = scratch; part > 0;) {
      const centered = f32x4.sub(take(x, part), take(mean, part));
      const scaled = f32x4.mul(centered, take(mean + line, part));
      put(to, f32x4.add(scaled, take(mean + 2 * line, part)), part);
      const count = lanes(part);
      part -= <i32>count;
      x += count << 2;
      to += count << 2;
      mean += count << 2;
    }
  }
}

/** Numbers in as many whole rows as make a loop long. */
export function widen(columns: i32): i32 {
  return max(1, 1024 / columns) * columns;
}

/** Repeats a row of `columns` numbers until there are `width`. */
export function tile(to: usize, from: usize, columns: i32, width: i32): void {
  const line = (<usize>columns) << 2;
  // Whole rows that stay in the cache while they are copied on.
  const most = line * max(1, 16384 / line);
  const total = (<usize>width) << 2;
  memory.copy(to, from, line);
  for (let done = line; done < total;) {
    const size = min(min(done, most), total - done);
    memory.copy(to + done, to, size);
    done += size;
  }
}

/** Bytes of scratch memory that `count` rows of `columns` numbers need here. */
export function rowScratch(columns: i32, count: i32): i32 {
  return 4 * count * widen(columns);
}
