import {describe, expect, it} from 'vitest';
import {
  defaultAttacks,
  namedAttacks,
  namedMinimumAttacks,
  type NamedAttack,
  type ReportAttack,
} from '../../../src/evaluation/named_attacks.js';
import type {Classifier} from '../../../src/index.js';
import {casesFor, linearNet} from '../../support/report_nets.js';

const net = linearNet();
/** The net with the sum of squares of its logits for a loss of its own. */
const withLoss: Classifier = Object.assign((inputs: Parameters<Classifier>[0]) => net(inputs), {
  ownLoss(inputs: Parameters<Classifier>[0]) {
    const logits = net(inputs);
    return {logits, losses: logits.square().sum(1)};
  },
});

describe('attacks that have a name', () => {
  const table: Array<[string, Omit<NamedAttack, 'kind'>]> = [
    ...Object.entries<NamedAttack>(namedAttacks),
    ...Object.entries<Omit<NamedAttack, 'kind'>>(namedMinimumAttacks),
  ];

  it.each(table)('%s runs in each of its norms with its options', async (_, entry) => {
    const {attack, options, norms, takesSeed, steps} = entry;
    const {x, labels} = casesFor(net, 4);
    const short = {
      ...(steps && {steps: 3}),
      ...(entry.attack === namedAttacks.square.attack && {queries: 3}),
    };
    for (const norm of norms) {
      const all = {...options, ...short, norm, epsilon: 0.1, ...(takesSeed && {seed: 1})};
      const run: ReportAttack = attack;
      const result = await run(withLoss, x, labels, all as never);
      expect(result.success).toHaveLength(4);
      // What calls itself a black box uses no gradients, and nothing else does without.
      const isBlackBox = (entry as NamedAttack).kind === 'blackBox';
      expect(result.gradients === undefined).toBe(isBlackBox);
      result.adversarial.dispose();
    }
    x.dispose();
  });
});

describe('the default attacks', () => {
  it('are all that fit norm, classes and classifier', () => {
    const all = ['fgsm', 'ifgsm', 'pgd-ce', 'pgd-margin', 'apgd-ce', 'apgd-dlr', 'square'];
    expect(defaultAttacks('linf', 10, net)).toEqual(all);
    expect(defaultAttacks('linf', 2, net)).toEqual(all.filter(name => name !== 'apgd-dlr'));
    expect(defaultAttacks('l1', 10, net)).toEqual(['fgsm', 'ifgsm', 'pgd-ce', 'pgd-margin']);
    expect(defaultAttacks('l2', 10, withLoss)).toContain('pgd-own');
  });
});
