import * as tf from '@tensorflow/tfjs-core';
import {expect, it} from 'vitest';
import {projectFound} from '../../../src/attacks/fab_final_projection.js';
import {Found} from '../../../src/attacks/fab_found.js';
import {survey, Walkers} from '../../../src/attacks/walkers.js';
import type {Classifier} from '../../../src/types.js';
import {linearNet} from '../../support/attacked_nets.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {watchedSearch} from '../../support/searches.js';

async function projected(net: Classifier, x: number[], at: number[], epsilon = Infinity) {
  const bounds: [number, number] = [0, 9];
  const search = watchedSearch(net, tf.tensor2d([x]), [0], {classes: 2, bounds, epsilon});
  const start = await survey(search);
  const found = new Found(search, start);
  const walkers = new Walkers(search, start, [Float32Array.from(at)]);
  expect(found.offer(walkers, await walkers.logits())).toEqual([true]);
  await expectNoLeakAsync(() => projectFound(search, found));
  return found;
}

it('goes to the nearest point of the plane inside the bounds', async () => {
  // z_0 - z_1 = x_0 + 2 x_1 - 4 >= 0 (x_2 is 1). From (4, 1) the gap is 2 and the plane 2 / sqrt(5) away at (3.6, 0.2);
  // from (8, 0.5), where the gap is 5, the second value can only fall to 0, and the first falls to 4.
  const net = linearNet(
    tf.tensor2d([
      [1, 0],
      [2, 0],
      [-4, 0],
    ]),
  );
  const free = await projected(net, [4, 1, 1], [0, 0, 1]);
  expect(free.distances[0]).toBeLessThan(2 / Math.sqrt(21) + 1e-5);
  const bounded = await projected(net, [4, 0, 0.5], [1, 0, 2]);
  expect(bounded.distances[0]).toBeGreaterThanOrEqual(2 / Math.sqrt(17));
  expect(bounded.distances[0]).toBeLessThan(2 / Math.sqrt(17) + 1e-5);
});

it('keeps what was found where the boundary bends away', async () => {
  // 1 - x_0^2 from (0.2): found at 1.01; the tangent there meets 0 at 0.9999, on the wrong side, or beyond it by a share.
  const net: Classifier = x => tf.tidy(() => tf.concat([tf.sub(1, tf.square(x)), tf.zerosLike(x)], 1));
  const found = await projected(net, [0.2], [1.5]);
  expect(found.distances[0]).toBeGreaterThanOrEqual(0.8);
  expect(found.distances[0]).toBeLessThanOrEqual(1.3);
});

it('does nothing for what is inside the radius already', async () => {
  const net = linearNet(
    tf.tensor2d([
      [1, 0],
      [2, 0],
      [-4, 0],
    ]),
  );
  const found = await projected(net, [4, 1, 1], [0, 0, 1], 9);
  expect([...found.rows[0]]).toEqual([0, 0, 1]);
});
