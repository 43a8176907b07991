import {check} from '../checks.js';
import {readLogits} from './logits.js';
import {Search} from './search.js';

/**
 * The classes that an example may best be led to: those with the largest logits at the input but for its own, the
 * largest first. Of equal logits the first comes first.
 *
 * @param count How many, 1..classes-1.
 * @returns By the example's place among all.
 */
export async function strongestRivals(search: Search, count: number): Promise<Map<number, number[]>> {
  const {caller, classifier, classes} = search.task;
  const wanted = `in 1..${classes - 1} (classes - 1)`;
  check(count >= 1 && count <= classes - 1, caller, 'targets', wanted, count);
  const {logits} = await readLogits(caller, classifier, search.x);
  const rivalsOf = (i: number) =>
    [...logits.subarray(i * classes, (i + 1) * classes).entries()]
      .filter(([name]) => name !== search.labels[i])
      .sort(([, a], [, b]) => b - a)
      .slice(0, count)
      .map(([name]) => name);
  return new Map(search.examples.map((example, i) => [example, rivalsOf(i)]));
}

/** The same examples, to be led to these classes; it shares the search's inputs. */
export function towards(search: Search, targets: Int32Array): Search {
  return new Search({...search.task, targeted: true}, search.x, targets, search.examples);
}
