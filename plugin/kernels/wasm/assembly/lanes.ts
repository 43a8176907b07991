// Loops over arrays of any size go four numbers at a time, then one at a time: nothing outside them is touched.

/** How many numbers the next pass of a loop with `rest` numbers to go takes. */
export function lanes(rest: i32): usize {
  return rest >= 4 ? 4 : 1;
}

export function take(from: usize, rest: i32): v128 {
  return rest >= 4 ? v128.load(from) : v128.load32_zero(from);
}

export function put(to: usize, value: v128, rest: i32): void {
  if (rest >= 4) v128.store(to, value);
  else v128.store32_lane(to, value, 0);
}
