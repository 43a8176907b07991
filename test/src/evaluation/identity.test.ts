import {mul, tensor2d, type Tensor} from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {ifgsm} from '../../../src/attacks/ifgsm.js';
import {pgd} from '../../../src/attacks/pgd.js';
import type {PlannedAttack} from '../../../src/evaluation/attack_list.js';
import {identityOf} from '../../../src/evaluation/identity.js';
import type {ReportAttack} from '../../../src/evaluation/named_attacks.js';
import {resolveReportOptions, type RobustnessReportOptions} from '../../../src/evaluation/report_options.js';
import type {Subject} from '../../../src/evaluation/subject.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {linearNet} from '../../support/report_nets.js';

const x = tensor2d([[0, 0.1, 0.2, 0.3, 0.4, 0.5]]);
const net = linearNet();
const attack = (options: object): PlannedAttack => ({
  ...{name: 'a', kind: 'iterative', attack: pgd, options, isOwn: true},
});

function identity(
  options: Partial<RobustnessReportOptions> = {},
  attacks: PlannedAttack[] = [],
  changes: object = {},
) {
  const resolved = resolveReportOptions('report', {epsilons: [0.1], ...options});
  const subject = {caller: 'report', classifier: net, x, labels: Int32Array.of(1), ...changes} as Subject;
  return identityOf(subject, resolved, attacks, []);
}

describe('identityOf', () => {
  it('is the same for equal evaluations, and holds no tensors', async () => {
    const options = {sources: {twin: linearNet(2)}};
    const one = await expectNoLeakAsync(() => identity(options, [attack({steps: 3})]));
    expect(await identity({sources: {twin: linearNet(2)}}, [attack({steps: 3})])).toEqual(one);
    expect(one).toMatchObject({model: 'linear net 1', sources: '[["twin","linear net 2"]]'});
    expect(one.x).toMatch(/^[0-9a-f]{64}$/);
  });

  it('tells shapes apart that hold the same numbers', async () => {
    const [one, other] = [await identity(), await identity({}, [], {x: x.reshape([1, 2, 3])})];
    expect(other.x).not.toBe(one.x);
    expect({...other, x: ''}).toEqual({...one, x: ''});
    expect(one.version).toBe('2');
  });

  it('tells attacks apart by name, kind and every option, infinite ones too', async () => {
    const lists = [attack({}), attack({stepSize: 1}), attack({stepSize: Infinity}), attack({loss: ['dlr']})];
    const others = [
      {...attack({}), name: 'b'},
      {...attack({}), kind: 'blackBox' as const},
    ];
    const all = await Promise.all(
      [...lists, ...others].map(async one => (await identity({}, [one])).attacks),
    );
    expect(new Set(all).size).toBe(6);
  });

  it('tells own attacks apart by their code, those of this package too', async () => {
    const other: ReportAttack = (...args) => pgd(...args);
    const nothing: ReportAttack = async () => undefined as never;
    const attacks = [pgd, ifgsm, other, nothing].map(own => ({...attack({}), attack: own}));
    const texts = async () => Promise.all(attacks.map(async one => (await identity({}, [one])).attacks));
    expect(new Set(await texts()).size).toBe(4);
    expect(await texts()).toEqual(await texts());
    const named = {...attack({}), isOwn: false};
    expect((await identity({}, [named])).attacks).not.toContain('code');
  });

  it('tells nets of one fingerprint apart by their outputs, sources too', async () => {
    const scaled = (by: number) =>
      Object.assign((inputs: Tensor) => mul(net(inputs), by), {fingerprint: () => 'same'});
    const outputs = async (by: number, source = 1) => {
      const options = {sources: {twin: scaled(source)}};
      const {outputs, model} = await expectNoLeakAsync(() => identity(options, [], {classifier: scaled(by)}));
      expect(model).toBe('same');
      return outputs;
    };
    const all = [
      await outputs(1),
      await outputs(2),
      await outputs(-1),
      await outputs(NaN),
      await outputs(1, 2),
    ];
    expect(new Set(all).size).toBe(5);
    expect(await outputs(1)).toBe(all[0]);
    // A rounding more or less makes no other net.
    expect(await outputs(1 + 2 ** -23)).toBe(all[0]);
  });

  it('says of a net that answers differently each time only that', async () => {
    let calls = 0;
    const classifier = Object.assign((inputs: Tensor) => mul(net(inputs), ++calls), {fingerprint: () => 'a'});
    const [one, other] = [await identity({}, [], {classifier}), await identity({}, [], {classifier})];
    expect(other).toEqual(one);
  });

  it('prefers the fingerprint that it is given', async () => {
    expect((await identity({fingerprint: 'mine'})).model).toBe('mine');
  });

  it('refuses nets and options that cannot be told apart', async () => {
    const nameless = (inputs: Tensor) => net(inputs);
    await expectRefusal(
      () => identity({}, [], {classifier: nameless}),
      'fingerprint',
      'toClassifier',
      '`fingerprint`',
    );
    await expectRefusal(() => identity({sources: {nameless}}), 'sources');
    const empty = Object.assign((inputs: Tensor) => net(inputs), {fingerprint: () => ''});
    await expectRefusal(() => identity({}, [], {classifier: empty}), 'fingerprint');
    await expectRefusal(() => identity({}, [attack({mask: x})]), 'attacks', 'mask');
    await expectRefusal(() => identity({}, [attack({f: () => 0})]), 'attacks', 'f');
  });
});
