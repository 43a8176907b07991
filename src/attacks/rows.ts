import {concat, dispose, gather, keep, tensor1d, tidy, type Tensor} from '@tensorflow/tfjs-core';

/** Rows of a batch that are done with at different times, put together again in the end. */
export class Rows {
  private readonly pieces: Array<{places: number[]; rows: Tensor}> = [];

  /** Takes over `rows`, which belong at these places. */
  put(places: number[], rows: Tensor): void {
    if (places.length === 0) rows.dispose();
    else this.pieces.push({places, rows: keep(rows)});
  }

  /** All rows in the order of their places, which must be 0..n-1; nothing is left behind. */
  whole(): Tensor {
    const order: number[] = [];
    this.pieces.flatMap(({places}) => places).forEach((place, i) => (order[place] = i));
    const all = tidy(() => takeRows(concat(this.pieces.map(({rows}) => rows)), order));
    this.dispose();
    return all;
  }

  dispose(): void {
    dispose(this.pieces.splice(0).map(({rows}) => rows));
  }
}

/** The rows at these places, as a new tensor; there may be none. */
export function takeRows(x: Tensor, places: number[]): Tensor {
  return tidy(() => gather(x, tensor1d(places, 'int32')));
}

/** x with other rows at these places; takes over `rows`. */
export function replaceRows(x: Tensor, places: number[], rows: Tensor): Tensor {
  const isReplaced = new Set(places);
  const others = Array.from({length: x.shape[0]}, (_, i) => i).filter(i => !isReplaced.has(i));
  const parts = new Rows();
  parts.put(places, rows);
  parts.put(others, takeRows(x, others));
  return parts.whole();
}
