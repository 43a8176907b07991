import {expect, it} from 'vitest';
import {fgsm} from '../../../src/attacks/fgsm.js';
import {pgd} from '../../../src/attacks/pgd.js';
import {square} from '../../../src/attacks/square.js';
import {gatherEvidence} from '../../../src/evaluation/gather_evidence.js';
import {
  resolveReportOptions,
  type ReportProgress,
  type RobustnessReportOptions,
} from '../../../src/evaluation/report_options.js';
import type {Subject} from '../../../src/evaluation/subject.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {casesFor, linearNet} from '../../support/report_nets.js';

const net = linearNet();

async function gathered(options: Partial<RobustnessReportOptions>) {
  const {x, labels} = casesFor(net, 10);
  const resolved = resolveReportOptions('report', {epsilons: [0.05, 0.2], minimum: [], ...options});
  const {norm, bounds, batchSize, seed} = resolved;
  const subject: Subject = {
    ...{caller: 'report', classifier: net, classes: 3, x, labels},
    ...{norm, bounds, batchSize, seed},
  };
  const evidence = await expectNoLeakAsync(() => gatherEvidence(resolved, subject));
  x.dispose();
  return evidence;
}
const probing = {name: 'square', attack: square, options: {queries: 3}, kind: 'blackBox' as const};

it('calls attacks for one epsilon at a time, the smallest first', async () => {
  const asked: unknown[] = [];
  const spied = (...args: Parameters<typeof fgsm>) => {
    asked.push(args[3].epsilon);
    return fgsm(...args);
  };
  const {attacks} = await gathered({attacks: [{name: 'fgsm', attack: spied as never}], checks: false});
  expect(asked).toEqual([0.05, 0.2]);
  expect(attacks.map(({id}) => id)).toEqual(['fgsm@0.05', 'fgsm@0.2']);
});

it('probes gradients only where an attack uses them, and what is checked alone', async () => {
  expect(Object.keys((await gathered({attacks: [probing]})).probes)).toEqual(['probabilities', 'randomness']);
  const all = await gathered({attacks: ['fgsm']});
  const names = ['probabilities', 'randomness', 'falseGradients', 'unbounded'];
  expect(Object.keys(all.probes)).toEqual(names);
  const stepping = await gathered({attacks: [{name: 'mine', attack: pgd, options: {steps: 1}}]});
  expect(Object.keys(stepping.probes)).toEqual([...names.slice(0, 3), 'moreSteps', 'unbounded']);
  const called = {name: 'mine', attack: pgd, options: {restarts: 1}, kind: 'blackBox' as const};
  expect(Object.keys((await gathered({attacks: [called]})).probes)).toEqual(names);
  const deepFool = await gathered({attacks: [probing], minimum: ['deepFool']});
  expect(Object.keys(deepFool.probes)).toEqual(names);
  expect(all.probes).toMatchObject({probabilities: 0, randomness: 0, falseGradients: 0});
  const some = await gathered({attacks: ['fgsm'], checks: ['aboveChanceUnbounded']});
  expect(Object.keys(some.probes)).toEqual(['probabilities', 'unbounded']);
});

it('counts down what is left when no attack uses gradients', async () => {
  const seen: ReportProgress[] = [];
  await gathered({attacks: [probing], onProgress: progress => seen.push(progress)});
  const begun = seen.filter(({attack}) => !attack).map(({figure, done, of}) => [figure, done, of]);
  expect(begun).toEqual([
    ['clean', 0, 6],
    ['square@0.05', 1, 6],
    ['square@0.2', 2, 6],
    ['probe:randomness', 3, 4],
  ]);
});

it('has a worst case of everything that was made', async () => {
  const options = {attacks: [probing], sources: {other: linearNet(2)}, sigmas: [0.05]};
  const {worstCase, attacks, transfer, noise} = await gathered({...options, minimum: ['deepFool']});
  const found = [attacks[1], transfer[1]].map(({success}) => success);
  const isBeaten = worstCase[1].success;
  isBeaten.forEach((beaten, i) => {
    if (found.some(success => success[i])) expect(beaten).toBe(true);
    if (noise[0].success[i] && noise[0].distance![i] <= 0.2) expect(beaten).toBe(true);
  });
});
