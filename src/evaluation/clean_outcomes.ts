import {areProbabilities, readLogits} from '../attacks/logits.js';
import {strongest} from '../attacks/search.js';
import type {StoredOutcomes} from './stored_outcomes.js';
import {packOutcomes} from './stored_outcomes.js';
import {batchesOf, type Subject} from './subject.js';

/** What a net says of the inputs as they are. */
export type CleanOutcomes = StoredOutcomes & {
  /** How many rows are probabilities, of those that are finite. */
  probabilities: number;
};

/** Judges the inputs as they are. */
export async function judgeClean(subject: Subject): Promise<CleanOutcomes> {
  const {caller, classifier, labels} = subject;
  const success: boolean[] = [];
  const broken: boolean[] = [];
  let probabilities = 0;
  for await (const batch of batchesOf(subject)) {
    const {logits, classes} = await readLogits(caller, classifier, batch);
    for (let start = 0; start < logits.length; start += classes) {
      const row = logits.subarray(start, start + classes);
      const isBroken = !row.every(Number.isFinite);
      broken.push(isBroken);
      success.push(!isBroken && strongest(row) !== labels[success.length]);
      if (areProbabilities(row, classes)) probabilities++;
    }
  }
  const distance = new Float64Array(labels.length);
  return {...packOutcomes({success, broken, distance}, false), probabilities};
}
