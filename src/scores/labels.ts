import {cast, oneHot, tensor1d, tidy, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import {check} from '../checks.js';

/** How labels are written: one-hot rows, or class indices. */
export type LabelForm = 'oneHot' | 'indices';

/**
 * Reads labels, one-hot [batch, classes] or class indices [batch] or [batch, 1], and checks every one of them.
 *
 * @param form The only form that is wanted; without it either is taken.
 * @returns One class index for each example.
 * @throws ArgumentError naming the first bad example: wrong shape, not one-hot, not an index in 0..classes-1.
 */
export function readLabels(
  caller: string,
  labels: Tensor,
  batch: number,
  classes: number,
  form?: LabelForm,
): Int32Array {
  const [rows, columns] = labels.shape;
  const isOneHot = form !== 'indices' && labels.rank === 2 && columns === classes && classes > 1;
  const isSparse = form !== 'oneHot' && (labels.rank === 1 || (labels.rank === 2 && columns === 1));
  const forms = {oneHot: `[${batch}, ${classes}] (one-hot)`, indices: `[${batch}] (class indices)`};
  const wanted = `of shape ${form ? forms[form] : `${forms.oneHot} or ${forms.indices}`}`;
  check((isOneHot || isSparse) && rows === batch, caller, 'labels', wanted, labels.shape);
  const values = labels.dataSync();
  return Int32Array.from({length: batch}, (_, i) =>
    isOneHot ? readOneHot(caller, values, i, classes) : readIndex(caller, values[i], i, classes),
  );
}

/** Turns class indices into one-hot rows, float32 [batch, classes]. */
export function oneHotLabels(indices: Int32Array, classes: number): Tensor2D {
  // Through int32: wasm's oneHot writes integer bits into a float32 tensor.
  return tidy(() => cast(oneHot(tensor1d(indices, 'int32'), classes), 'float32') as Tensor2D);
}

function readOneHot(caller: string, values: ArrayLike<number>, row: number, classes: number): number {
  let label = -1;
  let ones = 0;
  for (let c = 0; c < classes; c++) {
    const value = values[row * classes + c];
    if (value === 1) {
      label = c;
      ones++;
    } else if (value !== 0) {
      ones = NaN;
    }
  }
  if (ones !== 1) {
    const got = Array.from({length: Math.min(classes, 10)}, (_, c) => values[row * classes + c]);
    check(
      false,
      caller,
      'labels',
      `to be one-hot (example ${row})`,
      got,
      'a margin needs one class for each example',
    );
  }
  return label;
}

function readIndex(caller: string, value: number, row: number, classes: number): number {
  const ok = Number.isInteger(value) && value >= 0 && value < classes;
  check(ok, caller, 'labels', `to be class indices in 0..${classes - 1} (example ${row})`, value);
  return value;
}
