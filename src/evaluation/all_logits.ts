import {readLogits} from '../attacks/logits.js';
import type {Classifier} from '../types.js';
import {batchesOf, type Subject} from './subject.js';

/**
 * Asks a classifier about all inputs, batch by batch.
 *
 * @param subject Its inputs; the classifier may be another one, such as the source of a transfer.
 * @returns [examples x classes], and the number of classes.
 */
export async function readAllLogits(
  subject: Pick<Subject, 'caller' | 'x' | 'batchSize' | 'signal'>,
  classifier: Classifier,
): Promise<{logits: Float32Array; classes: number}> {
  let all = new Float32Array(0);
  let count = 0;
  let width = 0;
  for await (const batch of batchesOf(subject)) {
    const {logits, classes} = await readLogits(subject.caller, classifier, batch);
    if (count === 0) all = new Float32Array(subject.x.shape[0] * classes);
    all.set(logits, count * classes);
    count += batch.shape[0];
    width = classes;
  }
  return {logits: all, classes: width};
}
