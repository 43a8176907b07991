import {liveBar} from './progress/live_bar.js';
import {plainLines} from './progress/plain_lines.js';

/** Values of a step or an epoch by name; names in camelCase, those that end in Accuracy are shares. */
export type Values = Record<string, number | undefined>;

export interface ProgressArgs {
  title: string;
  epochs: number;
  stepsPerEpoch: number;
  /** Where to print; standard output unless given. */
  stream?: NodeJS.WritableStream & {isTTY?: boolean; columns?: number};
  /** The clock, milliseconds. */
  now?: () => number;
}

/** Epochs are counted from 0, as in the training loop; `step` is the number of steps done in this epoch. */
export interface TrainingProgress {
  update(epoch: number, step: number, values: Values): void;
  epochEnd(epoch: number, values: Values): void;
  /** Leaves the terminal as it was found; further calls do nothing. */
  stop(): void;
}

/**
 * Shows how a training goes on: a live bar for each epoch on a terminal, plain lines elsewhere. Nothing has to be put
 * right when the program is interrupted: the cursor is never hidden.
 */
export function trainingProgress({
  stream = process.stdout,
  now = () => performance.now(),
  ...rest
}: ProgressArgs): TrainingProgress {
  const isTerminal = stream.isTTY === true && process.env.TERM !== 'dumb';
  return isTerminal ? liveBar({...rest, stream, now}) : plainLines({...rest, stream, now});
}
