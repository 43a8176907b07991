import {readLogits} from '../attacks/logits.js';
import {batchesOf, firstExamples, onExamples, type Subject} from './subject.js';

/** How many examples are looked at, and how often beside the first time. */
const EXAMPLES = 100;
const REPEATS = 2;

/** The largest difference of a logit between evaluations of the same inputs, as a share of the example's largest logit. */
export function measureRandomness(subject: Subject): Promise<number> {
  return onExamples(subject, firstExamples(subject, EXAMPLES), async part => {
    let largest = 0;
    for await (const batch of batchesOf(part)) {
      const {logits, classes} = await readLogits(subject.caller, subject.classifier, batch);
      for (let repeat = 0; repeat < REPEATS; repeat++) {
        const {logits: again} = await readLogits(subject.caller, subject.classifier, batch);
        largest = Math.max(largest, difference(logits, again, classes));
      }
    }
    return largest;
  });
}

/** The largest difference within a row, as a share of its largest value; broken rows are left out. */
function difference(one: Float32Array, other: Float32Array, classes: number): number {
  let largest = 0;
  for (let start = 0; start < one.length; start += classes) {
    const [a, b] = [one, other].map(values => values.subarray(start, start + classes));
    const apart = Math.max(...a.map((value, k) => Math.abs(value - b[k])));
    const scale = Math.max(...a.map(Math.abs), ...b.map(Math.abs));
    if (apart > 0 && Number.isFinite(scale)) largest = Math.max(largest, apart / scale);
  }
  return largest;
}
