import * as tf from '@tensorflow/tfjs-core';
import {expect, it} from 'vitest';
import {Found} from '../../../src/attacks/fab_found.js';
import {walkAlong} from '../../../src/attacks/fab_walk.js';
import {survey, Walkers} from '../../../src/attacks/walkers.js';
import type {Classifier} from '../../../src/types.js';
import {counted, linearNet} from '../../support/attacked_nets.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {watchedSearch} from '../../support/searches.js';

const rule = {steps: 3, alphaMax: 0.1, eta: 1.05, beta: 0.9};

async function walk(
  net: Classifier,
  x: number[][],
  {epsilon = Infinity, isFirst = true, rows = x, steps = 3} = {},
) {
  const search = watchedSearch(
    net,
    tf.tensor2d(x),
    x.map(() => 0),
    {classes: 2, epsilon},
  );
  const start = await survey(search);
  const found = new Found(search, start);
  const walkers = new Walkers(
    search,
    start,
    rows.map(row => Float32Array.from(row)),
  );
  await expectNoLeakAsync(async () => {
    await walkAlong(walkers, found, start.rivals, {...rule, steps}, isFirst);
    walkers.dispose();
  });
  return {search, found, walkers};
}

/** z = (x_0, 0): the boundary is x_0 = 0. */
const ramp = () =>
  linearNet(
    tf.tensor2d([
      [1, 0],
      [0, 0],
    ]),
  );

it('goes beyond the boundary, is taken back, and comes nearer with each step', async () => {
  // From x_0 = 1, where a <= 0.1 and both steps end in 0: x_1 = 1 - 1.05 = -0.05. Taken back: 0.1 - 0.045 = 0.055.
  const one = await walk(ramp(), [[1, 0]], {steps: 1});
  expect(one.found.distances[0]).toBeCloseTo(1.05, 5);
  expect(one.walkers.rows[0][0]).toBeCloseTo(0.055, 5);
  // a = 0.055 / 1.055; (1 - a) (0.055 - 1.05 x 0.055) + a (1 - 1.05) = -0.00521327.
  const two = await walk(ramp(), [[1, 0]], {steps: 2});
  expect(two.found.distances[0]).toBeCloseTo(1.00521327, 5);
  expect(two.search.active).toEqual([1, 1]);
  expect(two.search.health.get(0)).toBe('sound');
});

it('is done with an example as soon as it is inside the radius', async () => {
  const net = counted(ramp());
  const {search, found} = await walk(
    net,
    [
      [1, 0],
      [3, 0],
    ],
    {epsilon: 2},
  );
  expect(found.distances[0]).toBeLessThanOrEqual(2);
  expect(found.distances[1]).toBeGreaterThan(2);
  expect(search.active).toEqual([1, 1, 1]);
  // The survey, then two looks a step.
  expect(net.sizes).toEqual([2, 2, 2, 1, 1, 1, 1]);
});

it('lets an example go that sees no boundary, and says why', async () => {
  // relu(x_0) - 1: flat below 0.
  const net: Classifier = x =>
    tf.tidy(() =>
      tf.matMul(
        tf.sub(1, tf.relu(x)) as tf.Tensor2D,
        tf.tensor2d([
          [1, 0],
          [0, 0],
        ]),
      ),
    );
  const {search, found, walkers} = await walk(net, [
    [-1, 0],
    [0.5, 0],
  ]);
  expect(search.active).toEqual([1, 1, 1]);
  expect([...search.health.values()]).toEqual(['zero', 'sound']);
  expect(found.distances[0]).toBe(Infinity);
  expect(found.distances[1]).toBeCloseTo(0.5, 1);
  expect(walkers.places).toEqual([1]);
});

it('says of later gradients only that they broke', async () => {
  const net: Classifier = x =>
    tf.tidy(() =>
      tf.matMul(
        tf.sub(1, tf.relu(x)) as tf.Tensor2D,
        tf.tensor2d([
          [1, 0],
          [0, 0],
        ]),
      ),
    );
  const {search} = await walk(net, [[-1, 0]], {isFirst: false});
  expect([...search.health.values()]).toEqual([]);
});

it('takes a start that is adversarial already', async () => {
  const {found} = await walk(ramp(), [[1, 0]], {rows: [[-3, 0]], steps: 1});
  expect(found.distances[0]).toBeLessThanOrEqual(4);
});
