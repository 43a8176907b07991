import * as tf from '@tensorflow/tfjs-core';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {AttackResult, OneEpsilon} from '../../../src/attacks/attack_types.js';
import {autoAttack, type AutoAttackOptions, type AutoAttackResult} from '../../../src/attacks/auto_attack.js';
import {members, standardSet, type AutoAttackMember} from '../../../src/attacks/auto_attack_members.js';
import {apgd} from '../../../src/attacks/apgd.js';
import {pgd} from '../../../src/attacks/pgd.js';
import type {Classifier} from '../../../src/types.js';
import {errorOf, expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {trainedNet, type TrainedNet} from '../../support/trained_net.js';

let net: TrainedNet;

beforeAll(() => {
  net = trainedNet();
});
afterAll(() => net.dispose());

/** Weaker than the standard, for time. */
const short = {steps: 15, queries: 60};

const share = ({success}: Pick<AttackResult, 'success'>) => success.filter(Boolean).length / success.length;

/** Attacks and lets go of the inputs that were found. */
async function run(options: AutoAttackOptions & OneEpsilon, scale = 1): Promise<AutoAttackResult> {
  const result = await autoAttack(net.classifier(scale), net.x, net.labels, options);
  result.adversarial.dispose();
  return result;
}

/** Whether each example's class is wrong as it is. */
function wrongAnyway(): boolean[] {
  const classes = tf.tidy(() => tf.argMax(net.classifier()(net.x), 1).dataSync());
  return Array.from(classes, (name, i) => name !== net.labels[i]);
}

describe('autoAttack', () => {
  it('says that it takes a seed', () => {
    expect(autoAttack.takesSeed).toBe(true);
  });

  it.each([
    ['linf', 0.04],
    ['l2', 0.15],
  ] as const)('breaks no less than any of its attacks alone: %s', async (norm, epsilon) => {
    const whole = await run({...short, norm, epsilon});
    const shares: Record<string, number> = {all: share(whole)};
    for (const name of Object.keys(members) as AutoAttackMember[]) {
      const alone = await run({...short, norm, epsilon, attacks: [name]});
      shares[name] = share(alone);
      if (standardSet.includes(name)) expect(share(whole)).toBeGreaterThanOrEqual(share(alone));
    }
    console.log(`${norm} ${epsilon}: share broken`, JSON.stringify(shares));
    expect(share(whole)).toBeLessThan(0.95);
  });

  it('names the attack that broke an example first', async () => {
    const attacks: AutoAttackMember[] = ['square', 'apgdDlr', 'fab'];
    const options = {epsilon: 0.04, queries: 20, steps: 15};
    const {beatenBy, success} = await run({...options, attacks});
    const wrong = wrongAnyway();
    for (let k = 1; k <= attacks.length; k++) {
      const first = attacks.slice(0, k);
      const upTo = await run({...options, attacks: first});
      // The same attacks on the same examples: to the bit what the longer list began with.
      expect(upTo.success).toEqual(beatenBy.map((name, i) => wrong[i] || first.includes(name!)));
    }
    expect(success.filter((value, i) => value !== (wrong[i] || beatenBy[i] !== undefined))).toEqual([]);
    expect(beatenBy.filter((name, i) => wrong[i] && name)).toEqual([]);
    expect(new Set(beatenBy)).toContain('square');
    expect(new Set(beatenBy)).toContain('apgdDlr');
  });

  it('keeps an example and the name of what broke it from the smaller radius on', async () => {
    const options = {...short, attacks: ['apgdCrossEntropy', 'apgdDlr'] as AutoAttackMember[]};
    const results = await autoAttack(net.classifier(), net.x, net.labels, {
      ...options,
      epsilons: [0.04, 0.02],
    });
    const [large, small] = results;
    expect(share(large)).toBeGreaterThan(share(small));
    small.success.forEach((success, i) => {
      if (success) expect([large.success[i], large.beatenBy[i]]).toEqual([true, small.beatenBy[i]]);
      else expect(small.beatenBy[i]).toBeUndefined();
    });
    tf.dispose(results.map(({adversarial}) => adversarial));
  });

  it('shows the second attack those alone that the first left standing', async () => {
    const rows: number[] = [];
    const counting: Classifier = points => {
      rows.push(points.shape[0]);
      return net.classifier()(points);
    };
    const options = {epsilon: 0.04, steps: 10, queries: 12, batchSize: 200};
    const first = await autoAttack(counting, net.x, net.labels, {...options, attacks: ['apgdCrossEntropy']});
    // The last call judges all of them once more.
    const before = rows.splice(0).slice(0, -1);
    const both = await autoAttack(counting, net.x, net.labels, {
      ...options,
      attacks: ['apgdCrossEntropy', 'square'],
    });
    const standing = first.success.filter(success => !success).length;
    expect(rows.slice(0, before.length)).toEqual(before);
    const second = rows.slice(before.length, -1);
    // Queries, and the judgement of what they led to.
    expect(second).toHaveLength(13);
    expect(second[0]).toBe(standing);
    expect(Math.max(...second)).toBe(standing);
    expect(standing).toBeLessThan(150);
    tf.dispose([first.adversarial, both.adversarial]);
  });

  it('breaks as much whatever the scale of the logits, where pgd with cross-entropy breaks ever less', async () => {
    const epsilon = 0.04;
    const shares: number[][] = [];
    for (const scale of [1, 5, 20, 1000]) {
      const options = {epsilon, steps: 20, loss: 'crossEntropy'} as const;
      const control = await pgd(net.classifier(scale), net.x, net.labels, options);
      control.adversarial.dispose();
      shares.push([share(await run({...short, epsilon, steps: 20}, scale)), share(control)]);
    }
    console.log('share broken by autoAttack and by pgd with cross-entropy', JSON.stringify(shares));
    const own = shares.map(([value]) => value);
    expect(Math.max(...own) - Math.min(...own)).toBeLessThanOrEqual(0.005);
    expect(shares[3][1]).toBeLessThan(shares[0][1] - 0.1);
  });

  it('draws the same for the same seed', async () => {
    const attack = (seed?: number) =>
      autoAttack(net.classifier(), net.x, net.labels, {...short, epsilon: 0.04, seed});
    const [one, two, other] = [await attack(), await attack(0), await attack(1)];
    expect(two.adversarial.dataSync()).toEqual(one.adversarial.dataSync());
    expect(two.beatenBy).toEqual(one.beatenBy);
    expect(other.adversarial.dataSync()).not.toEqual(one.adversarial.dataSync());
    tf.dispose([one, two, other].map(({adversarial}) => adversarial));
  });

  it('has the same strength as apgd with the same settings where that is all it is asked for', async () => {
    const alone = await run({epsilon: 0.04, steps: 15, attacks: ['apgdTargeted']});
    const {success, adversarial} = await apgd(net.classifier(), net.x, net.labels, {
      epsilon: 0.04,
      steps: 15,
      targets: 4,
    });
    // The seeds differ.
    expect(Math.abs(share(alone) - share({success}))).toBeLessThanOrEqual(0.01);
    adversarial.dispose();
  });
});

describe('autoAttack on nets of few classes', () => {
  it.each([2, 3])('does with the margin what the targeted DLR cannot: %i', async classes => {
    const few = trainedNet({classes, examples: 60});
    const options = {epsilon: 0.04, steps: 10, queries: 20};
    const whole = await autoAttack(few.classifier(), few.x, few.labels, options);
    const weaker = {epsilon: 0.04, steps: 10, targets: classes - 1, loss: 'logitMargin'} as const;
    const margin = await apgd(few.classifier(), few.x, few.labels, weaker);
    expect(share(whole)).toBeGreaterThanOrEqual(share(margin) - 1 / 60);
    expect(share(whole)).toBeGreaterThan(0.1);
    tf.dispose([whole.adversarial, margin.adversarial]);
    few.dispose();
  });

  it('refuses by name what needs more classes', async () => {
    const few = trainedNet({classes: 2, examples: 20});
    const attack = (attacks: AutoAttackMember[]) => () =>
      autoAttack(few.classifier(), few.x, few.labels, {epsilon: 0.01, steps: 2, attacks});
    await expectRefusal(
      attack(['apgdTargeted']),
      'attacks',
      'a net of 2 classes (it needs 4)',
      'leave attacks out',
    );
    await expectRefusal(attack(['fab', 'apgdDlr']), 'attacks', "'apgdDlr'", '(it needs 3)');
    few.dispose();
  });
});

describe('autoAttack', () => {
  it('says that a net is broken where its logits are NaN inside the ball', async () => {
    // z_1 = -log(0.55 - first value) rises up to 0.55 and is NaN beyond.
    const x = tf.fill([3, 4], 0.5);
    const classifier: Classifier = points =>
      tf.tidy(() => {
        const first = tf.slice(points, [0, 0], [-1, 1]);
        return tf.concat([tf.fill(first.shape, 10), tf.neg(tf.log(tf.sub(0.55, first)))], 1);
      });
    const result = await expectNoLeakAsync(() =>
      autoAttack(classifier, x, [0, 0, 0], {epsilon: 0.1, ...short}),
    );
    expect(result.broken).toEqual([true, true, true]);
    expect(result.success).toEqual([false, false, false]);
    expect(result.beatenBy).toEqual([undefined, undefined, undefined]);
    tf.dispose([x, result.adversarial]);
  });

  it('leaves nothing but its results', async () => {
    for (const norm of ['linf', 'l2'] as const) {
      const options = {norm, epsilons: [0.02, 0, 0.06], steps: 5, queries: 10, batchSize: 64};
      const results = await expectNoLeakAsync(() => autoAttack(net.classifier(), net.x, net.labels, options));
      tf.dispose(results.map(({adversarial}) => adversarial));
    }
  });

  // Looks of the first attack, of its end, of each that follows.
  it.each([3, 8, 20, 60, 100])('leaves nothing when it is ended or fails at step %i', async when => {
    const before = tf.memory().numTensors;
    const options = {epsilon: 0.04, steps: 5, queries: 80};
    const ending = new AbortController();
    const onProgress = ({step}: {step: number}) => {
      if (step === when) ending.abort();
    };
    const aborted = await errorOf(() =>
      autoAttack(net.classifier(), net.x, net.labels, {...options, onProgress, signal: ending.signal}),
    );
    expect((aborted as Error).name).toBe('AbortError');
    let calls = 0;
    const failing: Classifier = points => {
      if (++calls === when) throw new Error('out of order');
      return net.classifier()(points);
    };
    const thrown = await errorOf(() => autoAttack(failing, net.x, net.labels, options));
    expect((thrown as Error).message).toBe('out of order');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses what makes no sense', async () => {
    const attack = (options: object) => () =>
      autoAttack(net.classifier(), net.x, net.labels, {epsilon: 0.1, ...options});
    await expectRefusal(attack({attacks: []}), 'attacks', "'apgdCrossEntropy', 'apgdDlr'");
    await expectRefusal(attack({attacks: ['pgd']}), 'attacks', 'got [', "'pgd'");
    await expectRefusal(attack({attacks: ['fab', 'fab']}), 'attacks', 'once');
    await expectRefusal(attack({version: 'plus'}), 'version', "'standard'");
    await expectRefusal(attack({version: 'standard', attacks: ['fab']}), 'version', 'not both');
    await expectRefusal(attack({steps: 0}), 'steps');
    await expectRefusal(attack({queries: 0}), 'queries');
    await expectRefusal(attack({seed: NaN}), 'seed');
    await expectRefusal(attack({targeted: true}), 'options', 'targeted');
    await expectRefusal(attack({norm: 'l1'}), 'norm', "'linf', 'l2'");
  });
});
