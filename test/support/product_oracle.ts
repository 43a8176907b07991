import {broadcast_util, util} from '@tensorflow/tfjs-core';

/** A product of matrices. */
export interface Product {
  /** Dimensions of a and b before their matrices. */
  batches: [number[], number[]];
  rows: number;
  terms: number;
  columns: number;
  /** Whether a and b lie in memory as columns of rows. */
  transposes?: [boolean, boolean];
}

/** The shapes of a and b. */
export function shapesOf({
  batches,
  rows,
  terms,
  columns,
  transposes = [false, false],
}: Product): [number[], number[]] {
  return [
    [...batches[0], ...(transposes[0] ? [terms, rows] : [rows, terms])],
    [...batches[1], ...(transposes[1] ? [columns, terms] : [terms, columns])],
  ];
}

/** The product in float64, matrix by matrix of the broadcast batch. */
export function productOf(product: Product, a: ArrayLike<number>, b: ArrayLike<number>) {
  const {batches, rows, terms, columns, transposes = [false, false]} = product;
  const [turnsA, turnsB] = transposes;
  const batch = broadcast_util.assertAndGetBroadcastShape(...batches);
  const values: number[] = [];
  for (let place = 0; place < util.sizeFromShape(batch); place++) {
    const [fromA, fromB] = batches.map(own => matrixAt(own, batch, place) * terms);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < terms; k++) {
          const left = a[fromA * rows + (turnsA ? k * rows + i : i * terms + k)];
          sum += left * b[fromB * columns + (turnsB ? j * terms + k : k * columns + j)];
        }
        values.push(sum);
      }
  }
  return {shape: [...batch, rows, columns], values};
}

/** Rows with a bias for each of their columns, as dense layers have it. */
export function plusBias(rows: number[], bias: ArrayLike<number>): number[] {
  return rows.map((value, i) => value + bias[i % bias.length]);
}

/** Which of its matrices a tensor gives to a place of the broadcast batch: its dimensions of size 1 do not count. */
function matrixAt(own: number[], batch: number[], place: number): number {
  const index = util.indexToLoc(place, batch.length, util.computeStrides(batch));
  const last = index.slice(batch.length - own.length);
  return own.reduce((sum, size, axis) => sum * size + (size === 1 ? 0 : last[axis]), 0);
}
