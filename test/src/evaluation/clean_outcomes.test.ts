import {tensor2d, type Tensor} from '@tensorflow/tfjs-core';
import {expect, it} from 'vitest';
import {judgeClean} from '../../../src/evaluation/clean_outcomes.js';
import type {Subject} from '../../../src/evaluation/subject.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';

/** Logits are the inputs. */
const classifier = (x: Tensor) => x.clone();

async function judged(rows: number[][], labels: number[], batchSize = 2) {
  const x = tensor2d(rows);
  const shared = {caller: 'report', classifier, classes: 3, norm: 'linf', bounds: [0, 1], seed: 0};
  const subject = {...shared, x, labels: Int32Array.from(labels), batchSize} as Subject;
  const found = await expectNoLeakAsync(() => judgeClean(subject));
  x.dispose();
  return found;
}

it('judges each example in its place: right, wrong, broken', async () => {
  const rows = [
    [3, 1, 0],
    [3, 1, 0],
    [NaN, 1, 0],
    [0, Infinity, 0],
    [0, 0, 9],
  ];
  const found = await judged(rows, [0, 1, 1, 1, 2]);
  expect(found).toEqual({
    success: '01000',
    broken: '00110',
    gradients: '',
    distance: [],
    sourceBroken: '',
    areProbabilities: false,
  });
});

it('takes outputs for probabilities where all rows are that are finite, over all batches', async () => {
  const rows = [
    [0.2, 0.3, 0.5],
    [NaN, NaN, NaN],
    [1, 0, 0],
  ];
  const labels = [2, 0, 0, 0];
  for (const batchSize of [1, 3]) {
    expect((await judged(rows, labels.slice(0, 3), batchSize)).areProbabilities).toBe(true);
    // One row that is none: the others are logits that happen to look so.
    const mixed = [...rows, [0.2, 0.3, 0.6]];
    expect((await judged(mixed, labels, batchSize)).areProbabilities).toBe(false);
  }
  expect((await judged([[NaN, NaN, NaN]], [0])).areProbabilities).toBe(false);
});
