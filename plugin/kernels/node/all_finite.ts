import type {DataId, Tensor} from '@tensorflow/tfjs-core';
import {columnSums} from './column_sums.js';

const known = new WeakMap<DataId, boolean>();

/**
 * Whether all values are finite: TensorFlow's own gradients treat a NaN otherwise than tfjs does. Looks at sums, which
 * is fast; that a sum may overflow costs time and nothing else. The answer is remembered: a margin walks over the same
 * activation several times.
 */
export function allFinite(x: Tensor): boolean {
  const before = known.get(x.dataId);
  if (before !== undefined) return before;
  if (x.size === 0) return true;
  const sums = columnSums(x);
  const finite = sums.dataSync().every(Number.isFinite);
  sums.dispose();
  known.set(x.dataId, finite);
  return finite;
}

/** To be called before the values of a variable are changed in their place. */
export function forgetFinite(dataId: DataId): void {
  known.delete(dataId);
}
