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
    probabilities: 0,
  });
});

it('counts the rows that are probabilities, whatever broken ones are between them', async () => {
  const rows = [
    [0.2, 0.3, 0.5],
    [NaN, NaN, NaN],
    [1, 0, 0],
    [0.2, 0.3, 0.6],
  ];
  expect((await judged(rows, [2, 0, 0, 0], 3)).probabilities).toBe(2);
});
