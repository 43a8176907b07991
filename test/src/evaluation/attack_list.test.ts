import {describe, expect, it} from 'vitest';
import {ifgsm} from '../../../src/attacks/ifgsm.js';
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
    const [own] = planned({attacks: [{name: 'mine', attack: ifgsm, options: {steps: 7}}]});
    const mine = {name: 'mine', kind: 'iterative', attack: ifgsm, isOwn: true};
    expect(own).toEqual({...mine, options: {steps: 7}, steps: 7});
    const [other] = planned({attacks: [{name: 'other', attack: ifgsm, kind: 'blackBox'}]});
    expect(other).toEqual({...mine, name: 'other', kind: 'blackBox', options: {}});
  });

  it('of the caller get the seed of the report where they take one and have none', () => {
    const seedOf = (options?: object) =>
      planned({attacks: [{name: 'mine', attack: pgd, options}], seed: 5})[0].options;
    expect(seedOf()).toEqual({seed: 5});
    expect(seedOf({steps: 3, seed: 7})).toEqual({steps: 3, seed: 7});
    const [fixed] = planned({attacks: [{name: 'mine', attack: ifgsm}], seed: 5});
    expect(fixed.options).toEqual({});
  });

  it("of the caller may not have options that are the report's, nor lead to a class", async () => {
    const refuse = (options: object, ...parts: string[]) =>
      expectRefusal(() => planned({attacks: [{name: 'mine', attack: pgd, options}]}), 'attacks', ...parts);
    const all = {epsilon: 1, epsilons: [1], norm: 'l2', bounds: [0, 2], batchSize: 3};
    for (const [key, value] of Object.entries({...all, signal: undefined, onProgress: () => {}}))
      await refuse({[key]: value}, `'${key}'`, "'mine'", 'set it on the report');
    await refuse({targeted: true}, "'targeted'", 'away from the true class');
  });

  it('of the caller may not be called what other figures are called', async () => {
    const named = (name: string) => planned({attacks: [{name, attack: pgd}]});
    const taken = ['clean', 'noise', 'worst case', 'minimum:deepFool', 'transfer:s', 'probe:steps'];
    for (const name of [...taken, 'transfer from s'])
      await expectRefusal(() => named(name), 'attacks', name, 'no other figure');
    for (const name of ['cleaner', 'my noise', 'worst', 'transfer', 'pgd: 40'])
      expect(named(name)[0].name).toBe(name);
    await expectRefusal(() => minimum({minimum: [{name: 'clean', attack: pgd}]}), 'minimum');
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
