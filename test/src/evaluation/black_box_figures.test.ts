import {softmax, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {momentumIfgsm} from '../../../src/attacks/momentum_ifgsm.js';
import {disturbed, transferred} from '../../../src/evaluation/black_box_figures.js';
import {unpackOutcomes} from '../../../src/evaluation/stored_outcomes.js';
import type {Subject} from '../../../src/evaluation/subject.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {casesFor, linearNet} from '../../support/report_nets.js';

const net = linearNet();
const source = linearNet(2);
let subject: Subject;

beforeEach(() => {
  const shared = {caller: 'report', classifier: net, classes: 3, bounds: [0, 1], seed: 3, batchSize: 7};
  subject = {...shared, ...casesFor(net, 20), norm: 'linf'} as Subject;
});
afterEach(() => subject.x.dispose());

describe('transferred', () => {
  it('says what examples made on the source do to the net, without gradients of its own', async () => {
    const {success, ...rest} = unpackOutcomes(
      await expectNoLeakAsync(() => transferred(subject, source, 0.3)),
    );
    const made = await momentumIfgsm(source, subject.x, subject.labels, {epsilon: 0.3});
    const classes = net(made.adversarial).argMax(1).dataSync();
    expect(success).toEqual(Array.from(subject.labels, (label, i) => classes[i] !== label));
    expect(rest).toEqual({broken: success.map(() => false)});
    made.adversarial.dispose();
  });

  it('takes a source that returns probabilities', async () => {
    const soft = (x: Tensor) => softmax(source(x) as Tensor2D);
    const found = await expectNoLeakAsync(() => transferred(subject, soft, 0.3));
    expect(found).toEqual(await transferred(subject, source, 0.3));
  });
});

describe('disturbed', () => {
  it.each(['linf', 'l2', 'l1'] as const)('measures the noise in the norm of the report: %s', async norm => {
    const part = {...subject, norm};
    const {distance = [], success} = unpackOutcomes(await expectNoLeakAsync(() => disturbed(part, 0.01)));
    expect(success).toHaveLength(20);
    // Six values with noise of 0.01 each: E|n| = 0.8 sigma, E max|n| = 1.6 sigma at most, and hardly any clipped.
    const mean = distance.reduce((total, value) => total + value, 0) / 20;
    const wanted = {linf: 0.016, l2: 0.01 * Math.sqrt(6), l1: 6 * 0.008}[norm];
    expect(mean / wanted).toBeGreaterThan(0.8);
    expect(mean / wanted).toBeLessThan(1.2);
  });

  it('draws by the seed of the report', async () => {
    const [one, same, other] = [
      await disturbed(subject, 0.5),
      await disturbed(subject, 0.5),
      await disturbed({...subject, seed: 4}, 0.5),
    ];
    expect(same).toEqual(one);
    expect(other.distance).not.toEqual(one.distance);
  });
});
