import {add, clone, fill, memory, mul, where, type Tensor} from '@tensorflow/tfjs-core';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {AttackResult} from '../../../src/attacks/attack_types.js';
import {distanceBetween} from '../../../src/attacks/exact_clip.js';
import {pgd} from '../../../src/attacks/pgd.js';
import type {ReportAttack} from '../../../src/evaluation/named_attacks.js';
import {runOwnAttack} from '../../../src/evaluation/own_attack.js';
import type {Subject} from '../../../src/evaluation/subject.js';
import {errorOf, expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {casesFor, linearNet} from '../../support/report_nets.js';

const SIZE = 10;
const net = linearNet();
let subject: Subject;

beforeEach(() => {
  const shared = {caller: 'report', classifier: net, classes: 3, bounds: [0, 1], seed: 3, batchSize: 4};
  subject = {...shared, ...casesFor(net, SIZE), norm: 'l2'} as Subject;
});
afterEach(() => {
  expect(subject.x.isDisposed).toBe(false);
  subject.x.dispose();
});

const nobody = Array<boolean>(SIZE).fill(false);
/** An attack that goes somewhere and says of each example that it stands. */
const going =
  (way: (x: Tensor) => Tensor, rest: object = {}): ReportAttack =>
  async (_, x) => ({
    ...{adversarial: way(x), success: nobody, broken: nobody, distance: new Float64Array(SIZE)},
    ...rest,
  });
const run = (attack: ReportAttack, epsilon?: number, options: object = {}) =>
  runOwnAttack(subject, {name: 'mine', attack}, options, epsilon);

describe('an attack of the caller', () => {
  it('that leaves the ball and the bounds is clipped and judged by what is left', async () => {
    const far = going(x => add(x, 2));
    const {adversarial, success, distance, broken} = await expectNoLeakAsync(() => run(far, 0.5));
    const [from, to] = [subject.x, adversarial].map(tensor => tensor.dataSync() as Float32Array);
    const classes = net(adversarial).argMax(1).dataSync();
    for (let i = 0; i < SIZE; i++) {
      const [a, b] = [to, from].map(values => values.subarray(6 * i, 6 * i + 6));
      expect(distance[i]).toBe(distanceBetween(a, b, 'l2'));
      expect(distance[i]).toBeLessThanOrEqual(0.5);
      expect(distance[i]).toBeGreaterThan(0.3);
      expect(Math.max(...a)).toBeLessThanOrEqual(1);
      expect(success[i]).toBe(classes[i] !== subject.labels[i]);
    }
    expect(success).toContain(true);
    expect(broken).toEqual(nobody);
    adversarial.dispose();
  });

  it('of this package is what it was', async () => {
    const options = {steps: 3, norm: 'l2' as const, batchSize: 4, epsilon: 0.2};
    const {adversarial, ...found} = await run(pgd, 0.2, options);
    const {adversarial: other, ...wanted} = await pgd(net, subject.x, subject.labels, options);
    expect(found).toEqual(wanted);
    expect(adversarial.dataSync()).toEqual(other.dataSync());
    adversarial.dispose();
    other.dispose();
  });

  it('may give back the input itself, may write to its labels, and has any distance where no epsilon is given', async () => {
    const still: ReportAttack = async (...args) => {
      (args[2] as Int32Array).fill(9);
      return going(x => x)(...args);
    };
    const {adversarial, success, distance} = await expectNoLeakAsync(() => run(still));
    expect([...distance]).toEqual(nobody.map(() => 0));
    expect(success).toEqual(nobody.map((_, i) => i % 5 === 4));
    adversarial.dispose();
    const whole = await run(going(x => fill(x.shape, 1)));
    expect(whole.adversarial.dataSync()).toEqual(new Float32Array(6 * SIZE).fill(1));
    whole.adversarial.dispose();
  });

  it('is not believed that logits are whole which are not', async () => {
    const high = 0.95;
    const classifier = (x: Tensor) => {
      const isHigh = x.max(1, true).greater(high);
      return where(isHigh, mul(net(x), NaN), net(x));
    };
    subject = {...subject, classifier};
    const {adversarial, broken, success} = await run(going(x => fill(x.shape, 1)));
    expect([broken, success]).toEqual([nobody.map(() => true), nobody]);
    adversarial.dispose();
  });

  it('that gives no result of an attack is refused by its name, and what it gave disposed of', async () => {
    const refuse = (attack: ReportAttack, ...parts: string[]) =>
      expectRefusal(() => run(attack, 0.1), 'attacks', "'mine'", ...parts);
    const wrong = (rest: object) => going(x => clone(x), rest);
    await refuse(async () => undefined as never, 'one result');
    const list = async (...args: Parameters<ReportAttack>) => [await going(x => clone(x))(...args)];
    await refuse(list as never, 'one result', 'a list');
    await refuse(
      going(() => undefined as never),
      'adversarial as a live tensor',
    );
    await refuse(
      going(x => x.slice([0], [3])),
      'float32 [10,6]',
      '[3,6]',
    );
    await refuse(
      going(x => x.toInt()),
      'int32',
    );
    await refuse(
      going(x => {
        const copy = clone(x);
        copy.dispose();
        return copy;
      }),
      'a disposed one',
    );
    await refuse(wrong({success: [true]}), 'success as 10 times');
    await refuse(wrong({broken: undefined}), 'broken as 10 times');
    await refuse(wrong({distance: [1]}), '10 distances');
    await refuse(wrong({gradients: nobody.map(() => 'fine')}), 'gradients');
    await expectRefusal(() => run(wrong({success: 1})), 'minimum', "'mine'");
  });

  it('or that fails leaves nothing behind, nor does a net that fails', async () => {
    const before = memory().numTensors;
    const failing = () => Promise.reject(new Error('no'));
    expect(await errorOf(() => run(failing, 0.1))).toEqual(new Error('no'));
    const [x, labels] = [subject.x, subject.labels];
    for (const point of [1, 4]) {
      let calls = 0;
      const classifier = (batch: Tensor) => {
        if (++calls === point) throw new Error('out of memory');
        return net(batch);
      };
      const call = () =>
        runOwnAttack({...subject, x, labels, classifier}, {name: 'a', attack: going(x => clone(x))}, {}, 1);
      expect(await errorOf(call)).toEqual(new Error('out of memory'));
    }
    expect(memory().numTensors).toBe(before);
  });

  it('keeps what it says of its gradients', async () => {
    const gradients: AttackResult['gradients'] = nobody.map((_, i) => (i === 2 ? 'zero' : 'sound'));
    const found = await run(
      going(x => clone(x), {gradients}),
      0.1,
    );
    expect(found.gradients).toEqual(gradients);
    found.adversarial.dispose();
  });
});
