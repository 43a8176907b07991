import {keep, type Tensor} from '@tensorflow/tfjs-core';
import {judgeInputs} from './judge.js';
import {readLogits} from './logits.js';
import {replaceRows, takeRows} from './rows.js';
import type {Search} from './search.js';

/**
 * Tries one variant of an attack (a loss, a restart) after the other, each on the examples that still stand: the worst
 * case for each example, not for the set. One whose logits have become NaN or Infinity is broken, and stays where that
 * was seen.
 *
 * @param run Gives where a variant has come to, for all examples of the search that it gets; inside ball and bounds.
 * @returns [size, ...]: for an example that stands, the outcome of the last variant.
 */
export async function worstCase<Variant>(
  search: Search,
  variants: Variant[],
  run: (search: Search, variant: Variant) => Promise<Tensor>,
): Promise<Tensor> {
  let found = keep(search.x.clone());
  let standing = search.examples.map((_, i) => i);
  try {
    for (const [k, variant] of variants.entries()) {
      const part = search.among(standing);
      try {
        const rows = keep(await run(part, variant));
        const before = found;
        found = keep(replaceRows(before, standing, rows));
        before.dispose();
        if (k === variants.length - 1) break;
        standing = await stillStanding(part, found, standing);
      } finally {
        part.dispose();
      }
      if (standing.length === 0) break;
    }
    return found;
  } catch (error) {
    found.dispose();
    throw error;
  }
}

/** Those places whose rows are neither of the class that the attack wants nor broken; `part` is the search at them. */
async function stillStanding(part: Search, found: Tensor, places: number[]): Promise<number[]> {
  const {caller, classifier} = part.task;
  const rows = takeRows(found, places);
  try {
    const {logits} = await readLogits(caller, classifier, rows);
    const outcomes = judgeInputs(part, logits);
    return places.filter((_, i) => !outcomes[i].success && !outcomes[i].broken);
  } finally {
    rows.dispose();
  }
}
