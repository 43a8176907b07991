import {mul, softmax, sub, tensor1d, tidy, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
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
    const nobody = success.map(() => false);
    expect(rest).toEqual({broken: nobody, sourceBroken: nobody});
    made.adversarial.dispose();
  });

  it('takes a source that returns probabilities', async () => {
    const soft = (x: Tensor) => softmax(source(x) as Tensor2D);
    const found = await expectNoLeakAsync(() => transferred(subject, soft, 0.3));
    expect(found).toEqual(await transferred(subject, source, 0.3));
  });

  it('takes a source for one of logits though the first example has some that look like probabilities', async () => {
    const [first] = (source(subject.x) as Tensor2D).arraySync();
    const shift = first.map((value, k) => value - [0.2, 0.3, 0.5][k]);
    const shifted = (x: Tensor) => tidy(() => sub(source(x), tensor1d(shift)));
    const made = await momentumIfgsm(shifted, subject.x, subject.labels, {epsilon: 0.3});
    const classes = net(made.adversarial).argMax(1).dataSync();
    const {success} = unpackOutcomes(await transferred(subject, shifted, 0.3));
    expect(success).toEqual(Array.from(subject.labels, (label, i) => classes[i] !== label));
    made.adversarial.dispose();
  });

  it('does not take what breaks in the source for a failure of the net', async () => {
    const broken = (x: Tensor) => mul(source(x), NaN);
    const found = unpackOutcomes(await expectNoLeakAsync(() => transferred(subject, broken, 0.3)));
    const clean = net(subject.x).argMax(1).dataSync();
    expect(found.success).toEqual(Array.from(subject.labels, (label, i) => clean[i] !== label));
    expect(found.broken).toEqual(found.success.map(() => false));
    expect(found.sourceBroken).toEqual(found.success.map(() => true));
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
