// Panels that the product's innermost loop reads from front to back: 4 rows of A, or 8 columns of B, term by term.

/** Panels of 4 rows of a; rows that are missing in the last one are 0. */
export function packRows(to: usize, a: usize, rows: i32, terms: i32, rowStep: i32, termStep: i32): void {
  for (let i = 0; i < rows; i += 4) {
    packFour(to, a + ((<usize>i * <usize>rowStep) << 2), rows - i, terms, rowStep, termStep, 16);
    to += (<usize>terms) << 4;
  }
}

/** Panels of 8 columns of b; columns that are missing in the last one are 0. */
export function packColumns(
  to: usize,
  b: usize,
  terms: i32,
  columns: i32,
  termStep: i32,
  columnStep: i32,
): void {
  const column = (<usize>columnStep) << 2;
  for (let j = 0; j < columns; j += 8) {
    const from = b + <usize>j * column;
    const width = columns - j;
    if (width >= 8 && columnStep == 1) {
      const term = (<usize>termStep) << 2;
      let read = from;
      for (let k = 0; k < terms; k++, read += term, to += 32) {
        v128.store(to, v128.load(read));
        v128.store(to, v128.load(read, 16), 16);
      }
    } else {
      packFour(to, from, width, terms, columnStep, termStep, 32);
      packFour(to + 16, from + 4 * column, width - 4, terms, columnStep, termStep, 32);
      to += (<usize>terms) << 5;
    }
  }
}

/** Four lines of a matrix, or the `count` of them that there are, beside each other: a term of each, every `step` bytes. */
function packFour(
  to: usize,
  from: usize,
  count: i32,
  terms: i32,
  lineStep: i32,
  termStep: i32,
  step: usize,
): void {
  const line = (<usize>lineStep) << 2;
  const term = (<usize>termStep) << 2;
  let k = 0;
  if (count >= 4 && lineStep == 1) {
    for (; k < terms; k++, from += term, to += step) v128.store(to, v128.load(from));
  } else if (count >= 4 && termStep == 1) {
    for (; k + 4 <= terms; k += 4, from += 16, to += 4 * step) turn(to, from, line, step);
  }
  for (; k < terms; k++, from += term, to += step) {
    for (let q = 0; q < 4; q++)
      store<f32>(to + ((<usize>q) << 2), q < count ? load<f32>(from + <usize>q * line) : 0);
  }
}

/** 4 x 4 numbers, transposed. */
function turn(to: usize, from: usize, line: usize, step: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + line);
  const c = v128.load(from + 2 * line);
  const d = v128.load(from + 3 * line);
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  v128.store(to, v128.shuffle<f64>(ab, cd, 0, 2));
  v128.store(to + step, v128.shuffle<f64>(ab, cd, 1, 3));
  const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to + 2 * step, v128.shuffle<f64>(abHigh, cdHigh, 0, 2));
  v128.store(to + 3 * step, v128.shuffle<f64>(abHigh, cdHigh, 1, 3));
}
