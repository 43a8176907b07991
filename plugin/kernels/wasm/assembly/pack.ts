// Panels that the product's innermost loop reads from front to back: 4 rows of A, or 8 columns of B, term by term.

/** Panels of 4 rows of a; rows that are missing in the last one are 0. */
export function packRows(to: usize, a: usize, rows: i32, terms: i32, rowStep: i32, termStep: i32): void {
  const term = (<usize>termStep) << 2;
  const row = (<usize>rowStep) << 2;
  for (let i = 0; i < rows; i += 4) {
    let from = a + <usize>i * row;
    const height = rows - i;
    if (height >= 4 && rowStep == 1) {
      for (let k = 0; k < terms; k++, from += term, to += 16) v128.store(to, v128.load(from));
    } else if (height >= 4) {
      for (let k = 0; k < terms; k++, from += term, to += 16) {
        store<f32>(to, load<f32>(from), 0);
        store<f32>(to, load<f32>(from + row), 4);
        store<f32>(to, load<f32>(from + 2 * row), 8);
        store<f32>(to, load<f32>(from + 3 * row), 12);
      }
    } else {
      for (let k = 0; k < terms; k++, from += term, to += 16) packPart(to, from, height, 4, row);
    }
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
  const term = (<usize>termStep) << 2;
  const column = (<usize>columnStep) << 2;
  for (let j = 0; j < columns; j += 8) {
    let from = b + <usize>j * column;
    const width = columns - j;
    if (width >= 8 && columnStep == 1) {
      for (let k = 0; k < terms; k++, from += term, to += 32) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
      }
    } else if (width >= 8) {
      // Along the terms, which lie side by side where the matrix is transposed.
      for (let q: usize = 0; q < 8; q++) {
        let read = from + q * column;
        let write = to + (q << 2);
        for (let k = 0; k < terms; k++, read += term, write += 32) store<f32>(write, load<f32>(read));
      }
      to += (<usize>terms) << 5;
    } else {
      for (let k = 0; k < terms; k++, from += term, to += 32) packPart(to, from, width, 8, column);
    }
  }
}

function packPart(to: usize, from: usize, count: i32, size: i32, step: usize): void {
  for (let q = 0; q < size; q++, from += step, to += 4) store<f32>(to, q < count ? load<f32>(from) : 0);
}
