import {describe, expect, it} from 'vitest';
import {pgd} from '../../../src/attacks/pgd.js';
import {plannedAttacks, plannedMinimumAttacks} from '../../../src/evaluation/attack_list.js';
import {resolveReportOptions, type RobustnessReportOptions} from '../../../src/evaluation/report_options.js';
import {expectRefusal} from '../../support/expect_no_leak.js';
import {linearNet} from '../../support/report_nets.js';

const resolved = (options: Partial<RobustnessReportOptions>) =>
  resolveReportOptions('report', {epsilons: [0.1], ...options});
const planned = (options: Partial<RobustnessReportOptions>) =>
  plannedAttacks('report', resolved(options), 10, linearNet());
const minimum = (options: Partial<RobustnessReportOptions>) =>
  plannedMinimumAttacks('report', resolved(options));

describe('the attacks of a report', () => {
  it('by name have their options, and the seed where they take one', () => {
    const [fgsm, margin] = planned({attacks: ['fgsm', 'pgd-margin'], seed: 5});
    expect(fgsm).toMatchObject({name: 'fgsm', kind: 'oneStep', options: {}, steps: undefined});
    expect(fgsm.options).not.toHaveProperty('seed');
    expect(margin).toMatchObject({kind: 'iterative', options: {loss: 'logitMargin', seed: 5}, steps: 40});
  });

  it('of the caller have what they were given, and a number of steps that can be doubled', () => {
    const options = {steps: 7, restarts: 2};
    const [own] = planned({attacks: [{name: 'mine', attack: pgd, options}]});
    expect(own).toEqual({name: 'mine', kind: 'iterative', attack: pgd, options, steps: 7});
    const [other] = planned({attacks: [{name: 'other', attack: pgd, kind: 'blackBox'}]});
    expect(other).toEqual({name: 'other', kind: 'blackBox', attack: pgd, options: {}});
  });

  it('for the smallest perturbation are DeepFool, in l1 FAB, or those asked for', () => {
    expect(minimum({}).map(({name}) => name)).toEqual(['deepFool']);
    expect(minimum({norm: 'l1'}).map(({name}) => name)).toEqual(['fab']);
    expect(minimum({minimum: []})).toEqual([]);
    expect(minimum({minimum: ['fab', 'deepFool']})).toHaveLength(2);
  });

  it('are refused by argument where they are unknown, do not fit the norm, or share a name', async () => {
    await expectRefusal(() => planned({attacks: []}), 'attacks');
    await expectRefusal(() => planned({attacks: 'fgsm' as never}), 'attacks');
    await expectRefusal(() => planned({attacks: ['toString' as never]}), 'attacks', 'fgsm, ifgsm');
    await expectRefusal(() => planned({attacks: ['square'], norm: 'l1'}), 'attacks', 'square', "'l1'");
    await expectRefusal(() => planned({attacks: ['fgsm', 'fgsm']}), 'attacks', 'names of their own');
    await expectRefusal(() => planned({attacks: [{name: '', attack: pgd}]}), 'attacks');
    await expectRefusal(() => planned({attacks: [{name: 'a', attack: 'pgd' as never}]}), 'attacks');
    await expectRefusal(() => planned({attacks: [null as never]}), 'attacks');
    const kind = 'slow' as never;
    await expectRefusal(() => planned({attacks: [{name: 'a', attack: pgd, kind}]}), 'attacks', 'blackBox');
    await expectRefusal(() => minimum({minimum: ['deepFool'], norm: 'l1'}), 'minimum');
  });
});
