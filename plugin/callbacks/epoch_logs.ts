import {dispose, type Scalar} from '@tensorflow/tfjs-core';
import type {History} from '@tensorflow/tfjs-layers';

/** What tfjs hands to a callback: numbers, and scalars that tfjs goes on to use and disposes of itself. */
export type Logs = Record<string, number | Scalar>;

/** The one thing of a model that outlives a training which a callback has ended with an error. */
interface Trained {
  history?: Pick<History, 'syncData'>;
}

/** One log as a number. */
export async function readLog(value: number | Scalar): Promise<number> {
  return typeof value === 'number' ? value : (await value.data())[0];
}

/** All logs as numbers, in their order. */
export async function readLogs(logs: Logs): Promise<Record<string, number>> {
  const values = await Promise.all(Object.values(logs).map(readLog));
  return Object.fromEntries(Object.keys(logs).map((key, i) => [key, values[i]]));
}

/**
 * Runs what a callback does at the end of an epoch or of training. Where it throws, the scalars that tfjs would leave
 * behind are let go of: those in the logs, and those of earlier epochs in the history, which gets their numbers.
 */
export async function releaseOnError<T>(model: Trained, logs: Logs, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    dispose(Object.values(logs).filter(value => typeof value !== 'number'));
    await model.history?.syncData();
    throw error;
  }
}
