import {add} from '@tensorflow/tfjs-core';
import {afterEach, expect, it} from 'vitest';
import {pgd} from '../../../src/attacks/pgd.js';
import type {ReportAttack} from '../../../src/evaluation/named_attacks.js';
import {attackSubject} from '../../../src/evaluation/attack_subject.js';
import {fiveExamples} from '../../support/report_nets.js';

const subject = fiveExamples();
const {x} = subject;

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
