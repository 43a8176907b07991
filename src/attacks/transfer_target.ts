import {slice, tensor, type Tensor} from '@tensorflow/tfjs-core';
import {readLabels} from '../scores/labels.js';
import type {Classifier} from '../types.js';
import type {AttackResult} from './attack_types.js';
import {readLogits} from './logits.js';
import {strongest} from './search.js';
import {scoreOf} from './square_score.js';

/** How a target is asked. */
export interface Asking {
  caller: string;
  batchSize: number;
  targeted: boolean;
  signal?: AbortSignal;
}

/** What the target says of one input. */
export interface Verdict {
  /** Its class is what the attack wants. */
  success: boolean;
  /** NaN or Infinity is among its logits. */
  broken: boolean;
  /** Logit margin in the attack's favour; NaN where it is broken. */
  margin: number;
}

/** Asks the target about inputs, batch by batch. */
export async function verdictsOf(
  target: Classifier,
  inputs: Tensor,
  labels: Tensor,
  {caller, batchSize, targeted, signal}: Asking,
): Promise<Verdict[]> {
  const size = inputs.shape[0];
  const verdicts: Verdict[] = [];
  let indices: Int32Array | undefined;
  for (let start = 0; start < size; start += batchSize) {
    signal?.throwIfAborted();
    const batch = slice(inputs, start, Math.min(batchSize, size - start));
    try {
      const {logits, classes} = await readLogits(caller, target, batch);
      indices ??= readLabels(caller, labels, size, classes);
      for (let row = 0; row < logits.length; row += classes) {
        const label = indices[verdicts.length];
        const z = logits.subarray(row, row + classes);
        const margin = scoreOf('logitMargin', z, label, targeted);
        const broken = Number.isNaN(margin);
        verdicts.push({success: !broken && (strongest(z) === label) === targeted, broken, margin});
      }
    } finally {
      batch.dispose();
    }
  }
  return verdicts;
}

/** Of the results of several sources, for each example the one that harms the target most. */
export async function worstOf(found: AttackResult[], verdicts: Verdict[][], clean: Verdict[]) {
  const places = clean.map((_, i) =>
    found.reduce((worst, _, s) => (isWorse(verdicts[s][i], verdicts[worst][i]) ? s : worst), 0),
  );
  const chosen = places.map((s, i) => verdicts[s][i]);
  const [{epsilon, adversarial, gradients}] = found;
  const values = await Promise.all(found.map(({adversarial}) => adversarial.data<'float32'>()));
  const size = adversarial.size / places.length;
  const rows = new Float32Array(adversarial.size);
  places.forEach((s, i) => rows.set(values[s].subarray(i * size, (i + 1) * size), i * size));
  return {
    epsilon,
    adversarial: tensor(rows, adversarial.shape),
    success: chosen.map(({success}) => success),
    distance: Float64Array.from(places, (s, i) => found[s].distance[i]),
    broken: chosen.map(({broken}, i) => broken || clean[i].broken),
    ...(gradients && {gradients: places.map((s, i) => found[s].gradients![i])}),
    sourceSuccess: places.map((s, i) => found[s].success[i]),
    sourceBroken: places.map((s, i) => found[s].broken[i]),
    source: places,
  };
}

/** Beaten is worse than broken, and that than the nearest to being beaten. */
function isWorse(a: Verdict, b: Verdict): boolean {
  const rank = ({success, broken}: Verdict) => (success ? 2 : broken ? 1 : 0);
  return rank(a) > rank(b) || (rank(a) === rank(b) && a.margin > b.margin);
}
