import * as tf from '@tensorflow/tfjs-core';
import {expect, it} from 'vitest';
import {Found} from '../../../src/attacks/fab_found.js';
import {survey, Walkers} from '../../../src/attacks/walkers.js';
import {linearNet} from '../../support/attacked_nets.js';
import {watchedSearch} from '../../support/searches.js';

/** Two examples of the net z = x; class 0 is true. */
async function twoExamples(epsilon = Infinity) {
  const net = linearNet(
    tf.tensor2d([
      [1, 0],
      [0, 1],
    ]),
  );
  const search = watchedSearch(
    net,
    tf.tensor2d([
      [4, 1],
      [3, 0],
    ]),
    [0, 0],
    {classes: 2, epsilon},
  );
  const start = await survey(search);
  const found = new Found(search, start);
  const walkers = new Walkers(
    search,
    start,
    start.origins.map(row => row.slice()),
  );
  const offer = async (...rows: number[][]) => {
    rows.forEach((row, i) => walkers.rows[i].set(row));
    return found.offer(walkers, await walkers.logits());
  };
  return {found, offer};
}

it('keeps the nearest adversarial point of each example and nothing else', async () => {
  const {found, offer} = await twoExamples();
  expect(await offer([4, 9], [3, 2])).toEqual([true, false]);
  expect([...found.distances]).toEqual([8, Infinity]);
  expect(found.improvable()).toEqual([0]);
  // Farther than what is known, and the first of the second.
  expect(await offer([4, 10], [0, 4])).toEqual([true, true]);
  expect([...found.distances]).toEqual([8, 5]);
  expect(await offer([4, 6], [3, 2])).toEqual([true, false]);
  expect(found.rows.map(row => [...row])).toEqual([
    [4, 6],
    [0, 4],
  ]);
});

it('gives the inputs back where nothing was found', async () => {
  const {found} = await twoExamples();
  expect(found.rows.map(row => [...row])).toEqual([
    [4, 1],
    [3, 0],
  ]);
  expect(found.open()).toEqual([0, 1]);
  expect(found.improvable()).toEqual([]);
});

it('is done with an example inside the radius; without one never', async () => {
  const within = await twoExamples(5);
  await within.offer([4, 6.5], [3, 4.5]);
  expect(within.found.open()).toEqual([0]);
  const free = await twoExamples();
  await free.offer([4, 6.5], [3, 4.5]);
  expect(free.found.open()).toEqual([0, 1]);
});
