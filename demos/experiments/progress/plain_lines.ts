import type {ProgressArgs, TrainingProgress} from '../progress.js';
import {duration} from '../wording.js';
import {describeValues} from './line.js';

/** Milliseconds between two lines within an epoch. */
const EVERY = 10_000;

/** Progress for files and logs: a line at the end of each epoch, and each 10 seconds within it. */
export function plainLines({
  title,
  epochs,
  stepsPerEpoch,
  stream,
  now,
}: Required<ProgressArgs>): TrainingProgress {
  const start = now();
  let spoken = start;
  let isStopped = false;
  const print = (epoch: number, words: string[]) => {
    spoken = now();
    const parts = [title, `epoch ${epoch + 1}/${epochs}`, ...words, duration((spoken - start) / 1000)];
    stream.write(`${parts.filter(Boolean).join('  ')}\n`);
  };
  return {
    update(epoch, step, values) {
      if (isStopped || now() - spoken < EVERY) return;
      print(epoch, [`step ${step}/${stepsPerEpoch}`, describeValues(values)]);
    },
    epochEnd(epoch, values) {
      if (!isStopped) print(epoch, ['done', describeValues(values)]);
    },
    stop() {
      isStopped = true;
    },
  };
}
