import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {moveTo, rowsAsTensor, survey, Walkers} from '../../../src/attacks/walkers.js';
import {counted, linearNet} from '../../support/attacked_nets.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {watchedSearch} from '../../support/searches.js';

/** Three examples of the net z = x. */
async function threeWalkers(
  x = [
    [4, 1],
    [1, 2],
    [0, 0],
  ],
) {
  const net = counted(
    linearNet(
      tf.tensor2d([
        [1, 0],
        [0, 1],
      ]),
    ),
  );
  const search = watchedSearch(net, tf.tensor2d(x), [0, 1, 0], {classes: 2});
  const start = await survey(search);
  return {net, search, start};
}

const copies = (rows: Float32Array[]) => rows.map(row => row.slice());

describe('survey', () => {
  it('reads inputs, rivals and what rounding may do', async () => {
    const {search} = await threeWalkers();
    const {origins, rivals, leeways} = await expectNoLeakAsync(() => survey(search));
    expect(origins.map(row => [...row])).toEqual([
      [4, 1],
      [1, 2],
      [0, 0],
    ]);
    expect(rivals).toEqual([[1], [0], [1]]);
    expect(leeways).toEqual([4 * 2 ** -20, 2 * 2 ** -20, 1e-30]);
  });
});

describe('Walkers', () => {
  it('asks the net for those under way alone, where they are now', async () => {
    const {net, search, start} = await threeWalkers();
    const walkers = new Walkers(search, start, copies(start.origins));
    walkers.rows[2].set([7, 8]);
    await expectNoLeakAsync(async () => {
      walkers.stayWhere([false, true, true]);
      walkers.stayWhere([false, true]);
      expect((await walkers.logits()).map(row => [...row])).toEqual([[7, 8]]);
      const {boundaries} = await walkers.outlook([[9], [9], [1]]);
      expect(boundaries[0][0].gap).toBe(-1);
      walkers.dispose();
    });
    expect(walkers.places).toEqual([2]);
    expect(net.sizes).toEqual([3, 1, 1]);
  });

  it('leaves the inputs of the whole search alone', async () => {
    const {search, start} = await threeWalkers();
    const walkers = new Walkers(search, start, copies(start.origins), [0, 1]);
    walkers.stayWhere([false, false]);
    expect(walkers.size).toBe(0);
    walkers.dispose();
    expect(search.x.isDisposed).toBe(false);
  });

  it('takes a class for wrong only beyond what rounding may do there or at the input', async () => {
    // The logits of the first are up to 4 at its input: a gap counts from 4 / 2^20 on, also where its logits are small.
    const {search, start} = await threeWalkers();
    const walkers = new Walkers(search, start, copies(start.origins));
    const across = (gap: number) => walkers.isAcross(0, Float32Array.of(0, gap));
    expect([across(0), across(3 * 2 ** -20), across(5 * 2 ** -20)]).toEqual([false, false, true]);
    const shifted = (gap: number) => walkers.isAcross(0, Float32Array.of(64, 64 + gap));
    expect([shifted(32 * 2 ** -20), shifted(128 * 2 ** -20)]).toEqual([false, true]);
  });

  it.each([NaN, Infinity, -Infinity])('never takes a class for wrong where a logit is %f', async value => {
    const {search, start} = await threeWalkers();
    const walkers = new Walkers(search, start, copies(start.origins));
    expect(walkers.isAcross(0, Float32Array.of(0, value))).toBe(false);
    expect(walkers.isAcross(0, Float32Array.of(value, 1))).toBe(false);
  });
});

describe('moveTo', () => {
  it('keeps to the bounds', () => {
    const row = new Float32Array(3);
    moveTo(row, [-1, 1], j => 2 * j - 2);
    expect([...row]).toEqual([-1, 0, 1]);
  });
});

describe('rowsAsTensor', () => {
  it('puts rows into a shape', () => {
    const x = rowsAsTensor([Float32Array.of(1, 2), Float32Array.of(3, 4)], [2, 1, 2]);
    expect(x.arraySync()).toEqual([[[1, 2]], [[3, 4]]]);
    x.dispose();
  });
});
