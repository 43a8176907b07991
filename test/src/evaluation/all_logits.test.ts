import {tensor2d, type Tensor} from '@tensorflow/tfjs-core';
import {expect, it} from 'vitest';
import {readAllLogits} from '../../../src/evaluation/all_logits.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';

const x = tensor2d([
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
]);

it('reads the logits of all inputs in their order, whatever the batch', async () => {
  for (const batchSize of [1, 2, 3, 9]) {
    const sizes: number[] = [];
    const classifier = (batch: Tensor) => {
      sizes.push(batch.shape[0]);
      return batch.mul(2);
    };
    const subject = {caller: 'report', x, batchSize};
    const {logits, classes} = await expectNoLeakAsync(() => readAllLogits(subject, classifier));
    expect([...logits, classes]).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 3]);
    expect(Math.max(...sizes)).toBe(Math.min(batchSize, 3));
  }
});

it('refuses what returns no logits', async () => {
  const flat = (batch: Tensor) => batch.sum(1);
  await expectRefusal(() => readAllLogits({caller: 'report', x, batchSize: 2}, flat), 'classifier');
});
