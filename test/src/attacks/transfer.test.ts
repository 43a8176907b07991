import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import type {AttackResult} from '../../../src/attacks/attack_types.js';
import {deepFool} from '../../../src/attacks/deepfool.js';
import {fgsm} from '../../../src/attacks/fgsm.js';
import {ifgsm} from '../../../src/attacks/ifgsm.js';
import {momentumIfgsm} from '../../../src/attacks/momentum_ifgsm.js';
import {pgd} from '../../../src/attacks/pgd.js';
import {square} from '../../../src/attacks/square.js';
import {transfer, type TransferResult} from '../../../src/attacks/transfer.js';
import {logitsOf} from '../../reference/attacks/nets.js';
import {errorOf, expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randoms} from '../../support/randoms.js';
import {convNet} from '../../support/tiny_models.js';

type Net = (x: tf.Tensor) => tf.Tensor;
const [first, second] = [1, 2].map(seed => logitsOf(convNet({softmax: false, seed})));
/** Near the first net: what moves it moves this one. */
const twin: Net = x => tf.add(first(x), tf.mul(second(x), 0.2));
const x = tf.tensor4d(
  randoms(12 * 72, 3).map(value => 1 / (1 + Math.exp(-value))),
  [12, 6, 6, 2],
);
const labels = [...tf.tidy(() => tf.argMax(first(x), 1).dataSync())];

const classesAt = (net: Net, at: tf.Tensor) => [...tf.tidy(() => tf.argMax(net(at), 1).dataSync())];
const done = (...results: AttackResult[]) => tf.dispose(results.map(({adversarial}) => adversarial));
const count = (flags: boolean[]) => flags.filter(Boolean).length;

describe('transfer', () => {
  it('makes the examples of the attack on the source, and judges them on the target', async () => {
    const options = {epsilon: 0.3, steps: 5};
    const made = await ifgsm(first, x, labels, options);
    const result: TransferResult = await transfer(first, twin, x, labels, {attack: ifgsm, ...options});
    expect([...result.adversarial.dataSync()]).toEqual([...made.adversarial.dataSync()]);
    expect(result.sourceSuccess).toEqual(made.success);
    expect([...result.distance]).toEqual([...made.distance]);
    expect(result.gradients).toEqual(made.gradients);
    const classes = classesAt(twin, made.adversarial);
    expect(result.success).toEqual(labels.map((label, i) => classes[i] !== label));
    expect(result.success).not.toEqual(made.success);
    expect(count(result.success)).toBeGreaterThan(0);
    expect(result.source).toEqual(labels.map(() => 0));
    expect(result.broken).toEqual(labels.map(() => false));
    done(made, result);
  });

  it('is the attack itself where the target is the source', async () => {
    for (const attack of [fgsm, momentumIfgsm, pgd] as Array<typeof fgsm>) {
      const made = await attack(first, x, labels, {epsilon: 0.3});
      const result = await transfer(first, first, x, labels, {attack, epsilon: 0.3});
      expect(result.success).toEqual(made.success);
      expect(result.sourceSuccess).toEqual(made.success);
      done(made, result);
    }
  });

  it('gives a result for each of the epsilons, with any attack and its options', async () => {
    const options = {epsilons: [0, 0.3], queries: 20, norm: 'linf' as const};
    const results: TransferResult[] = await transfer(first, twin, x, labels, {attack: square, ...options});
    expect(results.map(({epsilon}) => epsilon)).toEqual([0, 0.3]);
    const clean = classesAt(twin, x);
    expect(results[0].success).toEqual(labels.map((label, i) => clean[i] !== label));
    expect(count(results[1].success)).toBeGreaterThan(count(results[0].success));
    done(...results);
  });

  it('carries over the smallest perturbations too', async () => {
    const made = await deepFool(first, x, labels);
    const result: TransferResult = await transfer(first, twin, x, labels, {attack: deepFool});
    expect(result.epsilon).toBeUndefined();
    expect([...result.distance]).toEqual([...made.distance]);
    expect(result.sourceSuccess).toEqual(made.success);
    const classes = classesAt(twin, made.adversarial);
    expect(result.success).toEqual(labels.map((label, i) => classes[i] !== label));
    done(made, result);
  });

  it('takes of several sources the worst case for each example', async () => {
    const between: Net = at => tf.add(first(at), tf.mul(second(at), 0.6));
    const options = {attack: ifgsm, epsilon: 0.08, steps: 5};
    const alone = [
      await transfer(first, between, x, labels, options),
      await transfer(second, between, x, labels, options),
    ];
    const both = await transfer([first, second], between, x, labels, options);
    expect(both.success).toEqual(labels.map((_, i) => alone.some(({success}) => success[i])));
    const rows = [...alone, both].map(({adversarial}) => [...adversarial.dataSync()]);
    labels.forEach((_, i) => {
      const row = (values: number[]) => values.slice(72 * i, 72 * (i + 1));
      expect(row(rows[2])).toEqual(row(rows[both.source[i]]));
      expect(both.sourceSuccess[i]).toBe(alone[both.source[i]].sourceSuccess[i]);
      expect(both.distance[i]).toBe(alone[both.source[i]].distance[i]);
    });
    expect(new Set(both.source).size).toBe(2);
    done(...alone, both);
  });

  it('judges whether the target takes the targets', async () => {
    const targets = labels.map(label => (label + 1) % 3);
    const options = {attack: ifgsm, epsilon: 0.4, targeted: true, batchSize: 5};
    const result = await transfer(first, twin, x, targets, options);
    const classes = classesAt(twin, result.adversarial);
    expect(result.success).toEqual(targets.map((target, i) => classes[i] === target));
    expect(count(result.success)).toBeGreaterThan(0);
    done(result);
  });

  it('calls an example broken that the target has no logits for', async () => {
    const lost: Net = at => tf.mul(twin(at), tf.tensor2d(labels.map((_, i) => [i === 3 ? NaN : 1])));
    const result = await transfer(first, lost, x, labels, {attack: fgsm, epsilon: 0.3});
    expect(result.broken).toEqual(labels.map((_, i) => i === 3));
    expect(result.success[3]).toBe(false);
    done(result);
  });

  it('asks nothing of the target but classes: probabilities and broken gradients will do', async () => {
    const dull: Net = at => tf.softmax(tf.tensor2d(twin(at).arraySync() as number[][]));
    const options = {attack: ifgsm, epsilon: 0.3};
    const [sharp, blunt] = [
      await transfer(first, twin, x, labels, options),
      await transfer(first, dull, x, labels, options),
    ];
    expect(blunt.success).toEqual(sharp.success);
    done(sharp, blunt);
  });

  it('needs x and labels no longer than the call takes to return', async () => {
    const [own, indices] = [x.clone(), tf.tensor1d(labels, 'int32')];
    const promise = transfer([first, second], twin, own, indices, {attack: fgsm, epsilon: 0.1});
    tf.dispose([own, indices]);
    done(await promise);
  });

  it('counts the examples of all sources', async () => {
    const seen: number[][] = [];
    const onProgress = ({examples, of}: {examples: number; of: number}) => seen.push([examples, of]);
    done(await transfer([first, second], twin, x, labels, {attack: fgsm, epsilon: 0.1, onProgress}));
    expect(seen).toEqual([
      [0, 24],
      [12, 24],
    ]);
  });

  it('leaves nothing behind: when it is done, when a net fails, when it is aborted', async () => {
    const options = {attack: ifgsm, epsilons: [0.1, 0.2], steps: 3};
    const results = await expectNoLeakAsync(() => transfer([first, second], twin, x, labels, options));
    done(...results);
    const failingAt = (last: number, net: Net): Net => {
      let looks = 0;
      return at => {
        if (looks++ === last) throw new Error('a net fails');
        return net(at);
      };
    };
    // A source at its start and midway, the target at x, at the first and at the last of the four sets.
    for (const [from, to] of [
      [0, 9],
      [4, 9],
      [99, 0],
      [99, 1],
      [99, 4],
    ]) {
      const sources = [first, failingAt(from, second)];
      const failure = await expectNoLeakAsync(() =>
        errorOf(() => transfer(sources, failingAt(to, twin), x, labels, options)),
      );
      expect(String(failure)).toMatch('a net fails');
    }
    const abort = new AbortController();
    let looks = 0;
    const aborting: Net = at => {
      if (looks++ === 2) abort.abort(new Error('enough'));
      return twin(at);
    };
    const end = await expectNoLeakAsync(() =>
      errorOf(() => transfer([first, second], aborting, x, labels, {...options, signal: abort.signal})),
    );
    expect(String(end)).toMatch('enough');
  });

  it.each<[string, object | null, string]>([
    ['options', null, 'transfer'],
    ['attack', {epsilon: 0.1}, 'the function itself'],
    ['attack', {attack: 'ifgsm', epsilon: 0.1}, "'ifgsm'"],
    ['batchSize', {attack: ifgsm, epsilon: 0.1, batchSize: 0}, 'transfer'],
    ['onProgress', {attack: ifgsm, epsilon: 0.1, onProgress: 1}, 'transfer'],
    ['signal', {attack: ifgsm, epsilon: 0.1, signal: 1}, 'transfer'],
    ['epsilon', {attack: ifgsm}, 'ifgsm'],
    ['options', {attack: ifgsm, epsilon: 0.1, queries: 3}, 'ifgsm'],
  ])('refuses bad %s: %j', async (argument, options, part) => {
    await expectRefusal(() => transfer(first, twin, x, labels, options as never), argument, part);
  });

  it('refuses what is no source and no target', async () => {
    const options = {attack: ifgsm, epsilon: 0.1};
    await expectRefusal(() => transfer([], twin, x, labels, options), 'source', 'empty');
    await expectRefusal(() => transfer([first, 3 as never], twin, x, labels, options), 'source', '3');
    await expectRefusal(() => transfer(first, null as never, x, labels, options), 'classifier', 'transfer');
    await expectRefusal(() => transfer(first, twin, [1] as never, labels, options), 'x', 'transfer');
    const two: Net = at => tf.slice(first(at), [0, 0], [-1, 2]);
    await expectRefusal(
      () => transfer(first, two, x, [...labels.slice(1), 2], options),
      'labels',
      'transfer',
    );
  });
});
