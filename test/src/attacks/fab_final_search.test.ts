import * as tf from '@tensorflow/tfjs-core';
import {expect, it} from 'vitest';
import {searchSegments} from '../../../src/attacks/fab_final_search.js';
import {Found} from '../../../src/attacks/fab_found.js';
import {survey, Walkers} from '../../../src/attacks/walkers.js';
import type {Classifier} from '../../../src/types.js';
import {counted} from '../../support/attacked_nets.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {watchedSearch} from '../../support/searches.js';

/** Searches between the input 0 and what was found at 1, of z = (f(x), 0). */
async function searched(f: (x: tf.Tensor) => tf.Tensor, epsilon = Infinity) {
  const net: Classifier & {sizes: number[]} = counted(x =>
    tf.tidy(() => tf.concat([f(x), tf.zerosLike(x)], 1)),
  );
  const search = watchedSearch(net, tf.tensor2d([[0], [0]]), [0, 0], {classes: 2, epsilon});
  const start = await survey(search);
  const found = new Found(search, start);
  // The second one is never found.
  const walkers = new Walkers(search, start, [Float32Array.of(1), Float32Array.of(0)]);
  found.offer(walkers, await walkers.logits());
  net.sizes.length = 0;
  await expectNoLeakAsync(() => searchSegments(search, found));
  return {found, net, search};
}

it.each([
  ['a straight line', (x: tf.Tensor) => tf.sub(0.3, x), 0.3],
  ['a curve', (x: tf.Tensor) => tf.sub(0.027, tf.mul(x, tf.mul(x, x))), 0.3],
  [
    'a curve that is steep at first',
    (x: tf.Tensor) => tf.sub(0.5, tf.tanh(tf.mul(x, 8))),
    Math.atanh(0.5) / 8,
  ],
  ['a kink', (x: tf.Tensor) => tf.minimum(1, tf.mul(100, tf.sub(0.7, x))), 0.7],
])('finds where the class changes along %s', async (_, f, expected) => {
  const {found, net, search} = await searched(f);
  expect(found.distances[0]).toBeGreaterThanOrEqual(expected);
  expect(found.distances[0] - expected).toBeLessThan(2 ** -10);
  expect(found.distances[1]).toBe(Infinity);
  expect(search.active).toEqual(new Array(12).fill(1));
  expect(net.sizes).toEqual(new Array(14).fill(1));
});

it('is exact where the net is affine', async () => {
  const {found} = await searched(x => tf.sub(0.3, x));
  expect(found.distances[0] / 0.3 - 1).toBeLessThan(1e-5);
});

it('halves its way where there is no slope to go by', async () => {
  const {found} = await searched(x => tf.sub(tf.mul(2, tf.cast(tf.less(x, 0.3), 'float32')), 1));
  expect(found.distances[0]).toBeGreaterThanOrEqual(Math.fround(0.3));
  expect(found.distances[0]).toBeLessThan(0.301);
});

it('keeps what was found where the net breaks in between', async () => {
  const {found} = await searched(x =>
    tf.add(tf.sub(0.99, x), tf.mul(tf.log(tf.mul(tf.sub(x, 0.2), tf.sub(x, 0.98))), 0)),
  );
  expect(found.distances[0]).toBeGreaterThan(0.98);
  expect(found.distances[0]).toBeLessThanOrEqual(1);
});

it('does nothing for what is inside the radius already', async () => {
  const {found, net} = await searched(x => tf.sub(0.3, x), 1.5);
  expect([found.distances[0], net.sizes]).toEqual([1, []]);
});
