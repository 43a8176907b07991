import {dispose, keep, tensor1d, type Tensor} from '@tensorflow/tfjs-core';
import {isTensor} from './attack_options.js';
import type {CommonAttackOptions, Labels} from './attack_types.js';

type OnProgress = CommonAttackOptions['onProgress'];

/** What is attacked, out of the caller's reach. */
export interface Held {
  x: Tensor;
  labels: Tensor;
}

/** Runs f on copies of x and labels, which the caller may dispose of at once. */
export async function whileHeld<T>(x: Tensor, labels: Labels, f: (held: Held) => Promise<T>): Promise<T> {
  const held = {
    x: keep(x.clone()),
    labels: keep(isTensor(labels) ? labels.clone() : tensor1d(Array.from(labels))),
  };
  try {
    return await f(held);
  } finally {
    dispose(Object.values(held));
  }
}

/**
 * Makes several attacks one after the other, as one: `onProgress` counts the examples of all, and where one fails what
 * the others have found is disposed of.
 *
 * @param attack Attacks for one of the items, in one result or several; their tensors are the caller's in the end.
 */
export async function inTurn<Item, Found extends {adversarial: Tensor} | Array<{adversarial: Tensor}>>(
  items: Item[],
  onProgress: OnProgress,
  attack: (item: Item, onProgress: OnProgress) => Promise<Found>,
): Promise<Found[]> {
  const found: Found[] = [];
  try {
    for (const [k, item] of items.entries())
      found.push(await attack(item, partOf(onProgress, k, items.length)));
    return found;
  } catch (error) {
    const results: Array<{adversarial: Tensor}> = found.flat();
    dispose(results.map(({adversarial}) => adversarial));
    throw error;
  }
}

/** What is to be told of the k-th of so many equal parts. */
function partOf(onProgress: OnProgress, k: number, parts: number): OnProgress {
  if (onProgress === undefined) return undefined;
  return progress => {
    const {examples, of} = progress;
    onProgress({...progress, examples: examples + k * of, of: parts * of});
  };
}
