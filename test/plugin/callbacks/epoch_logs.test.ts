import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {readLog, readLogs, releaseOnError} from '../../../plugin/callbacks/epoch_logs.js';
import {errorOf, expectNoLeakAsync} from '../../support/expect_no_leak.js';

describe('readLogs', () => {
  it('gives numbers in the order of the logs, and leaves their scalars alone', async () => {
    const logs = {loss: tf.scalar(0.5), size: 3, margin: tf.scalar(NaN)};
    const numbers = await expectNoLeakAsync(() => readLogs(logs));
    expect(Object.entries(numbers)).toEqual([
      ['loss', 0.5],
      ['size', 3],
      ['margin', NaN],
    ]);
    expect(await readLog(logs.loss)).toBe(0.5);
    tf.dispose(logs);
  });
});

describe('releaseOnError', () => {
  it('hands on what its function returns, and lets go of nothing', async () => {
    const logs = {loss: tf.scalar(1)};
    const synced: string[] = [];
    const model = {history: {syncData: async () => void synced.push('history')}};
    expect(await releaseOnError(model, logs, async () => 7)).toBe(7);
    expect([logs.loss.isDisposed, synced]).toEqual([false, []]);
    logs.loss.dispose();
  });

  it('lets go of the scalars of the logs and of the history, and throws the same error', async () => {
    const logs = {loss: tf.scalar(1), size: 3};
    const synced: string[] = [];
    const model = {history: {syncData: async () => void synced.push('history')}};
    const error = new Error('no space');
    expect(await errorOf(() => releaseOnError(model, logs, () => Promise.reject(error)))).toBe(error);
    expect([logs.loss.isDisposed, synced]).toEqual([true, ['history']]);
    expect(await errorOf(() => releaseOnError({}, {}, () => Promise.reject(error)))).toBe(error);
  });
});
