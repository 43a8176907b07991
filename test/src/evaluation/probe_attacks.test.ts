import {memory, mul, type Tensor} from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {ifgsm} from '../../../src/attacks/ifgsm.js';
import {pgd} from '../../../src/attacks/pgd.js';
import type {PlannedAttack} from '../../../src/evaluation/attack_list.js';
import {figureOf, type Figure} from '../../../src/evaluation/figure.js';
import {attackUnbounded, attackWithMoreSteps} from '../../../src/evaluation/probe_attacks.js';
import type {Subject} from '../../../src/evaluation/subject.js';
import {worstCases} from '../../../src/evaluation/worst_case.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {casesFor, linearNet} from '../../support/report_nets.js';

const net = linearNet();

async function on<T>(changes: Partial<Subject>, f: (subject: Subject) => Promise<T>): Promise<T> {
  const {x, labels} = casesFor(net, 10);
  const shared = {caller: 'report', classifier: net, classes: 3, bounds: [0, 1], seed: 0, batchSize: 4};
  const subject = {...shared, x, labels, norm: 'linf', ...changes} as Subject;
  try {
    return await expectNoLeakAsync(() => f(subject));
  } finally {
    x.dispose();
  }
}

describe('attackUnbounded', () => {
  it.each(['linf', 'l2', 'l1'] as const)('leaves nothing of a net with gradients, %s', async norm => {
    expect(await on({norm}, attackUnbounded)).toBeLessThanOrEqual(0.1);
  });

  it('leaves what the net gets right where nothing can change it', async () => {
    // Logits that are all 0: class 0, whatever the input is.
    const flat = (x: Tensor) => mul(net(x), 0);
    const labels = Int32Array.of(0, 0, 0, 0, 0, 0, 0, 1, 1, 2);
    expect(await on({classifier: flat, labels}, attackUnbounded)).toBe(0.7);
  });
});

describe('attackWithMoreSteps', () => {
  const size = 10;
  const clean = clearFigure();
  const attack = (steps: number, stepSize: number): PlannedAttack => ({
    ...{name: 'ifgsm', kind: 'iterative', attack: ifgsm, steps, isOwn: false},
    options: {steps, stepSize, loss: 'logitMargin'},
  });
  const nobody = worstCases(clean, [0.01, 0.3], []);

  it('is the share that falls to twice the steps where the worst case is nearest to half', async () => {
    // Beaten at 0.01: three. So at 0.3: nobody is known of; 0.7 is nearer to 0.5 than 1.
    const beaten = figureOf(
      {id: 'a', name: 'a', kind: 'iterative', epsilon: 0.3},
      {success: clean.success.map((_, i) => i < 3), broken: clean.broken},
    );
    const worst = worstCases(clean, [0.01, 0.3], [beaten]);
    const {fallen, epsilon} = (await on({}, part =>
      attackWithMoreSteps(part, [attack(1, 0.15)], clean, worst),
    ))!;
    expect(epsilon).toBe(0.3);
    // Two steps of 0.15 reach the surface of the ball, where a linear net is as weak as it gets.
    const wanted = await on({}, async ({classifier, x, labels}) => {
      const {adversarial, success} = await pgd(classifier, x, labels, {epsilon: 0.3});
      adversarial.dispose();
      return success.filter((isWrong, i) => isWrong && i >= 3).length / size;
    });
    expect(fallen).toBe(wanted);
    expect(fallen).toBeGreaterThan(0.1);
  });

  it('is nothing where the steps cannot be doubled, and where nobody stands', async () => {
    const {steps: _, ...fixed} = attack(1, 0.15);
    expect(await on({}, part => attackWithMoreSteps(part, [fixed], clean, nobody))).toBeNull();
    const all = figureOf(
      {id: 'a', name: 'a', kind: 'iterative', epsilon: 0.01},
      {success: clean.success.map(() => true), broken: clean.broken},
    );
    const worst = worstCases(clean, [0.01], [all]);
    const before = memory().numTensors;
    expect(await on({}, part => attackWithMoreSteps(part, [attack(1, 0.15)], clean, worst))).toBeNull();
    expect(memory().numTensors).toBe(before);
  });

  function clearFigure(): Figure {
    const none = Array<boolean>(size).fill(false);
    return figureOf({id: 'clean', name: 'clean', kind: 'clean'}, {success: none, broken: none});
  }
});
