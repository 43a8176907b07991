import {tensor} from '@tensorflow/tfjs-core';
import {readLogits} from './logits.js';
import type {Search} from './search.js';

/**
 * Asks the net about inputs given as numbers, without any gradient.
 *
 * @param inputs One row for each example of the search.
 * @returns [size x classes].
 */
export async function ask({task, x}: Search, inputs: Float32Array): Promise<Float32Array> {
  const rows = tensor(inputs, x.shape);
  try {
    const {logits} = await readLogits(task.caller, task.classifier, rows);
    return logits;
  } finally {
    rows.dispose();
  }
}
