import {areProbabilities} from '../attacks/logits.js';
import {strongest} from '../attacks/search.js';
import {readAllLogits} from './all_logits.js';
import type {StoredOutcomes} from './stored_outcomes.js';
import {packOutcomes} from './stored_outcomes.js';
import type {Subject} from './subject.js';

/** What a net says of the inputs as they are. */
export type CleanOutcomes = StoredOutcomes & {
  /** Whether all rows that are finite are probabilities: a single one may be logits that happen to look so. */
  areProbabilities: boolean;
};

/** Judges the inputs as they are. */
export async function judgeClean(subject: Subject): Promise<CleanOutcomes> {
  const {classifier, labels} = subject;
  const {logits, classes} = await readAllLogits(subject, classifier);
  const rows = Array.from(labels, (_, i) => logits.subarray(i * classes, (i + 1) * classes));
  const broken = rows.map(row => !row.every(Number.isFinite));
  const success = rows.map((row, i) => !broken[i] && strongest(row) !== labels[i]);
  const distance = new Float64Array(labels.length);
  return {
    ...packOutcomes({success, broken, distance}, false),
    areProbabilities: areProbabilities(logits, classes),
  };
}
