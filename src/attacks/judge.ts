import {keep, tensor, type Tensor} from '@tensorflow/tfjs-core';
import {clipExactly} from './exact_clip.js';
import {readLogits} from './logits.js';
import type {Search} from './search.js';

/** What is known of one example. */
export interface Outcome {
  success: boolean;
  /** NaN or Infinity is among its logits. */
  broken: boolean;
  distance: number;
}

/** Judges inputs as they are, by their logits [size x classes]. */
export function judgeInputs(search: Search, logits: Float32Array): Outcome[] {
  const {classes} = search.task;
  return search.reached(logits).map((success, i) => {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    return {success, broken: !row.every(Number.isFinite), distance: 0};
  });
}

/**
 * Clips what an attack found at the open places to the ball and the bounds, exactly, and judges it anew; at all other
 * places what was known before stands.
 *
 * @param found [size, ...].
 * @param x The inputs as numbers.
 * @returns `adversarial` belongs to the caller.
 */
export async function clipAndJudge(
  search: Search,
  found: Tensor,
  open: number[],
  before: {adversarial: Tensor; outcomes: Outcome[]},
  x: Float32Array,
  epsilon: number,
): Promise<{adversarial: Tensor; outcomes: Outcome[]}> {
  const {caller, classifier, norm, bounds} = search.task;
  if (open.length === 0) return {adversarial: keep(before.adversarial.clone()), outcomes: before.outcomes};
  const size = x.length / search.size;
  const values = Float32Array.from(await before.adversarial.data());
  const raw = await found.data();
  const distances = open.map(i => {
    const row = values.subarray(i * size, (i + 1) * size);
    row.set(raw.subarray(i * size, (i + 1) * size));
    return clipExactly(row, x.subarray(i * size, (i + 1) * size), norm, epsilon, bounds);
  });
  const adversarial = keep(tensor(values, found.shape, 'float32'));
  try {
    const {logits} = await readLogits(caller, classifier, adversarial);
    const judged = judgeInputs(search, logits);
    const outcomes = [...before.outcomes];
    open.forEach((i, j) => {
      const broken = judged[i].broken || before.outcomes[i].broken;
      outcomes[i] = {success: judged[i].success && !broken, broken, distance: distances[j]};
    });
    return {adversarial, outcomes};
  } catch (error) {
    adversarial.dispose();
    throw error;
  }
}
