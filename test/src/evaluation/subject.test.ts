import {add, memory, tensor2d} from '@tensorflow/tfjs-core';
import {afterEach, expect, it} from 'vitest';
import {pgd} from '../../../src/attacks/pgd.js';
import type {ReportAttack} from '../../../src/evaluation/named_attacks.js';
import {attackSubject, batchesOf, firstExamples, onExamples} from '../../../src/evaluation/subject.js';
import {errorOf, expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {linearNet} from '../../support/report_nets.js';

const x = tensor2d(
  [...Array(30).keys()].map(i => i / 30),
  [5, 6],
);
const subject = {
  ...{caller: 'report', classifier: linearNet(), x, labels: Int32Array.of(0, 1, 2, 0, 1), classes: 3},
  ...{norm: 'l2' as const, bounds: [0, 1] as [number, number], batchSize: 2, seed: 3},
};

afterEach(() => expect(x.isDisposed).toBe(false));

it('calls an attack with the settings of the report', async () => {
  const options = {steps: 3, seed: 3};
  const {adversarial, ...found} = await attackSubject(
    subject,
    {name: 'pgd', attack: pgd, options, isOwn: false},
    0.2,
  );
  const all = {...options, epsilon: 0.2, norm: 'l2' as const, batchSize: 2};
  const {adversarial: other, ...wanted} = await pgd(subject.classifier, x, subject.labels, all);
  expect(found).toEqual(wanted);
  expect(Array.from(adversarial.dataSync())).toEqual(Array.from(other.dataSync()));
  adversarial.dispose();
  other.dispose();
});

it('hands attacks of the caller copies, and judges what they find', async () => {
  const escaping: ReportAttack = async (_, inputs) => {
    expect(inputs).not.toBe(x);
    const none = Array<boolean>(5).fill(false);
    return {adversarial: add(inputs, 5), success: none, broken: none, distance: new Float64Array(5)};
  };
  const own = {name: 'mine', attack: escaping, options: {}, isOwn: true};
  const {adversarial, distance} = await attackSubject(subject, own, 0.2);
  expect(Math.max(...distance)).toBeLessThanOrEqual(0.2);
  adversarial.dispose();
});

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
