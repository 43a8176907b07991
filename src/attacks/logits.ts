import {tidy, Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import {check} from '../checks.js';
import type {Classifier} from '../types.js';

/** How far the sum of a row of probabilities may be from 1 in float32. */
const SUM_TOLERANCE = 1e-4;

/** Runs code in whatever scope a classifier wants for its passes, forward and back. */
export function withinClassifier<T>(classifier: Classifier, f: () => T): T {
  return classifier.within ? classifier.within(f) : f();
}

/**
 * Asks a classifier for its logits.
 *
 * @param classes How many there must be, where that is known.
 * @throws ArgumentError when it does not return float32 [batch, classes] with two classes or more.
 */
export function logitsOf(caller: string, classifier: Classifier, x: Tensor, classes?: number): Tensor2D {
  const logits: unknown = classifier(x);
  checkLogits(caller, logits, x.shape[0], classes);
  return logits;
}

/** Checks that these are float32 logits of so many examples and classes. */
export function checkLogits(
  caller: string,
  logits: unknown,
  batch: number,
  classes?: number,
): asserts logits is Tensor2D {
  const wanted = `to return float32 logits [${batch}, ${classes ?? 'classes >= 2'}]`;
  const got = logits instanceof Tensor ? `${logits.dtype} [${logits.shape}]` : String(logits);
  const ok =
    logits instanceof Tensor &&
    logits.dtype === 'float32' &&
    logits.rank === 2 &&
    logits.shape[0] === batch &&
    (classes === undefined ? logits.shape[1] >= 2 : logits.shape[1] === classes);
  check(ok, caller, 'classifier', wanted, got, 'make it with toClassifier(model)');
}

/** The logits of a batch as numbers, [batch x classes], and the number of classes. */
export async function readLogits(
  caller: string,
  classifier: Classifier,
  x: Tensor,
): Promise<{logits: Float32Array; classes: number}> {
  const logits = tidy(() => withinClassifier(classifier, () => logitsOf(caller, classifier, x).clone()));
  try {
    return {logits: (await logits.data()) as Float32Array, classes: logits.shape[1]};
  } finally {
    logits.dispose();
  }
}

/** Whether all rows that are finite, if there are any, are probabilities: in [0, 1], with the sum 1. */
export function areProbabilities(logits: Float32Array, classes: number): boolean {
  return kindOfRows(logits, classes) === 'probabilities';
}

/**
 * Tells what rows [rows x classes] are: 'probabilities' where all that are finite are in [0, 1] with the sum 1, 'logits'
 * where one is not, 'unknown' where none is finite. A single row of logits may happen to look like probabilities.
 */
export function kindOfRows(logits: Float32Array, classes: number): 'logits' | 'probabilities' | 'unknown' {
  let count = 0;
  for (let start = 0; start < logits.length; start += classes) {
    const row = logits.subarray(start, start + classes);
    const sum = row.reduce((total, value) => total + value, 0);
    if (!Number.isFinite(sum)) continue;
    if (!row.every(value => value >= 0 && value <= 1) || Math.abs(sum - 1) > SUM_TOLERANCE) return 'logits';
    count++;
  }
  return count > 0 ? 'probabilities' : 'unknown';
}
