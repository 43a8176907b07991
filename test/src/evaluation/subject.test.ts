import {memory} from '@tensorflow/tfjs-core';
import {afterEach, expect, it} from 'vitest';
import {batchesOf, firstExamples, onExamples} from '../../../src/evaluation/subject.js';
import {errorOf, expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {fiveExamples} from '../../support/report_nets.js';

const subject = fiveExamples();
const {x} = subject;

afterEach(() => expect(x.isDisposed).toBe(false));

it('works on some of the examples, and lets go of them whatever happens', async () => {
  await expectNoLeakAsync(() =>
    onExamples(subject, [4, 1], async part => {
      expect(part.labels).toEqual(Int32Array.of(1, 1));
      expect(Array.from(part.x.dataSync())).toEqual([4, 1].flatMap(i => Array.from(row(i))));
    }),
  );
  const before = memory().numTensors;
  const fail = () => Promise.reject(new Error('no'));
  expect(await errorOf(() => onExamples(subject, [0], fail))).toEqual(new Error('no'));
  expect(memory().numTensors).toBe(before);
});

it('cuts inputs into batches that live until the next one is asked for', async () => {
  const sizes: number[] = [];
  await expectNoLeakAsync(async () => {
    const before = memory().numTensors;
    for await (const batch of batchesOf(subject)) {
      sizes.push(batch.shape[0]);
      expect(memory().numTensors - before).toBe(1);
    }
  });
  expect(sizes).toEqual([2, 2, 1]);
});

it('ends between batches when it is told to', async () => {
  const controller = new AbortController();
  const before = memory().numTensors;
  const read = async () => {
    for await (const _ of batchesOf({...subject, signal: controller.signal})) controller.abort('enough');
  };
  expect(await errorOf(read)).toBe('enough');
  expect(memory().numTensors).toBe(before);
});

it('takes the first examples, as many as there are', () => {
  expect(firstExamples(subject, 3)).toEqual([0, 1, 2]);
  expect(firstExamples(subject, 9)).toEqual([0, 1, 2, 3, 4]);
});

function row(i: number): Float32Array {
  return (x.dataSync() as Float32Array).subarray(6 * i, 6 * i + 6);
}
