import {util, type Tensor} from '@tensorflow/tfjs-core';

/** Whether these axes are all axes of x but the last, of which there are others, and x has float32 values to add. */
export function areAllButLast(x: Tensor, axis: number | number[] | null): boolean {
  if (x.dtype !== 'float32' || x.rank < 2 || x.size === 0) return false;
  const axes = util.parseAxisParam(axis as number, x.shape);
  return new Set(axes).size === x.rank - 1 && !axes.includes(x.rank - 1);
}
