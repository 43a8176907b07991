import {keep, slice, type Tensor} from '@tensorflow/tfjs-core';
import type {AttackNorm, AttackProgress} from '../attacks/attack_types.js';
import type {Bounds} from '../attacks/balls.js';
import {takeRows} from '../attacks/rows.js';
import type {Classifier} from '../types.js';

/** What is evaluated, and how attacks are to be called. */
export interface Subject {
  caller: string;
  classifier: Classifier;
  /** [examples, ...]. */
  x: Tensor;
  labels: Int32Array;
  classes: number;
  norm: AttackNorm;
  bounds: Bounds;
  batchSize: number;
  seed: number;
  signal?: AbortSignal;
  onProgress?: (progress: AttackProgress) => void;
}

/** Runs f on some of the examples alone, whose inputs live as long as f runs. */
export async function onExamples<T>(
  subject: Subject,
  examples: number[],
  f: (part: Subject) => Promise<T>,
): Promise<T> {
  const x = keep(takeRows(subject.x, examples));
  try {
    return await f({...subject, x, labels: Int32Array.from(examples, i => subject.labels[i])});
  } finally {
    x.dispose();
  }
}

/** The inputs batch by batch; each lives until the next one is asked for. */
export async function* batchesOf({
  x,
  batchSize,
  signal,
}: Pick<Subject, 'x' | 'batchSize' | 'signal'>): AsyncGenerator<Tensor> {
  for (let start = 0; start < x.shape[0]; start += batchSize) {
    signal?.throwIfAborted();
    const batch = keep(slice(x, start, Math.min(batchSize, x.shape[0] - start)));
    try {
      yield batch;
    } finally {
      batch.dispose();
    }
  }
}

/** The places of the first examples, at most so many. */
export function firstExamples({labels}: Subject, most: number): number[] {
  return Array.from({length: Math.min(most, labels.length)}, (_, i) => i);
}
