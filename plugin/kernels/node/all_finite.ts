import {reshape, type Tensor} from '@tensorflow/tfjs-core';
import {FLOAT, runOp} from './native_backend.js';

/**
 * Whether all values, and their sums along all axes but the last, are finite: TensorFlow's own gradients treat a NaN
 * otherwise than tfjs does. One fast pass; that a sum may overflow costs time and nothing else.
 */
export function allFinite(x: Tensor): boolean {
  if (x.size === 0) return true;
  const rows = x.rank < 2 ? reshape(x, [1, x.size]) : x;
  const [sums] = runOp('BiasAddGrad', {T: FLOAT}, [rows]);
  const finite = sums.dataSync().every(Number.isFinite);
  sums.dispose();
  if (rows !== x) rows.dispose();
  return finite;
}
