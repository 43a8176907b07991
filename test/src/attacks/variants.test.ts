import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {Search, type Task} from '../../../src/attacks/search.js';
import {worstCase} from '../../../src/attacks/variants.js';
import type {Classifier} from '../../../src/types.js';
import {counted, forThisFile} from '../../support/attacked_nets.js';
import {errorOf, expectNoLeakAsync} from '../../support/expect_no_leak.js';

// Logits (x, 0.5): above 0.5 the class is 0, below it is 1.
const threshold: Classifier = x => tf.tidy(() => tf.concat([x, tf.fill(x.shape, 0.5)], 1));
const x = forThisFile(tf.tensor2d([[0.1], [0.2], [0.3], [0.4]]));

function searchWith(classifier: Classifier): Search {
  const task: Task = {
    caller: 'toy',
    classifier,
    classes: 2,
    norm: 'linf',
    bounds: [0, 1],
    targeted: false,
    epsilon: 1,
    noteGradient: () => undefined,
    step: () => Promise.resolve(),
  };
  return new Search(task, x, Int32Array.of(1, 1, 1, 1), [10, 11, 12, 13]);
}

describe('the worst case over variants', () => {
  it('tries each on the examples that still stand, and takes of each example what beat it', async () => {
    const tried: Array<[number, number[]]> = [];
    const found = await expectNoLeakAsync(() =>
      worstCase(searchWith(threshold), [0.12, 0.22, 0.32], async (part, step) => {
        tried.push([step, part.examples]);
        return Promise.resolve(tf.tidy(() => tf.add(part.x, step)));
      }),
    );
    // 0.4 + 0.12 is above 0.5; then 0.3 + 0.22; then 0.2 + 0.32; 0.1 stands and has what came last.
    expect(tried).toEqual([
      [0.12, [10, 11, 12, 13]],
      [0.22, [10, 11, 12]],
      [0.32, [10, 11]],
    ]);
    [0.42, 0.52, 0.52, 0.52].forEach((v, i) => expect(found.dataSync()[i]).toBeCloseTo(v, 6));
    found.dispose();
  });

  it('tries no more when none stands, and does not judge after the last one', async () => {
    const net = counted(threshold);
    let calls = 0;
    const run = (part: Search, to: number) => {
      calls++;
      return Promise.resolve(tf.fill(part.x.shape, to));
    };
    (await expectNoLeakAsync(() => worstCase(searchWith(net), [0.9, 0.8, 0.7], run))).dispose();
    expect(calls).toBe(1);
    expect(net.sizes).toEqual([4]);
    (await worstCase(searchWith(net), [0.1], run)).dispose();
    expect(net.sizes).toEqual([4]);
  });

  it('takes over nothing but what a variant gives, and lets go of it when a later one throws', async () => {
    const before = tf.memory().numTensors;
    const run = (part: Search, to: number) =>
      to === 0.2 ? Promise.reject(new Error('no')) : Promise.resolve(tf.fill(part.x.shape, to));
    expect(await errorOf(() => worstCase(searchWith(threshold), [0.1, 0.2], run))).toMatchObject({
      message: 'no',
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('leaves an example where its logits are NaN, so that no later variant hides it', async () => {
    const spoilt: Classifier = x => tf.tidy(() => tf.concat([x, tf.sqrt(tf.sub(0.45, x))], 1));
    const tried: number[][] = [];
    const found = await expectNoLeakAsync(() =>
      worstCase(searchWith(spoilt), [0.1, 0], async (part, step) => {
        tried.push(part.examples);
        return Promise.resolve(tf.tidy(() => tf.add(part.x, step)));
      }),
    );
    // 0.4 + 0.1 > 0.45; 0.3 + 0.1 is above the root of 0.05, 0.22; 0.2 + 0.1 is below that of 0.15, 0.39.
    expect(tried).toEqual([
      [10, 11, 12, 13],
      [10, 11],
    ]);
    [0.1, 0.2, 0.4, 0.5].forEach((v, i) => expect(found.dataSync()[i]).toBeCloseTo(v, 6));
    found.dispose();
  });
});
