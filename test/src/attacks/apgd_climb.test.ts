import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {climbAdaptively} from '../../../src/attacks/apgd_climb.js';
import type {Slope} from '../../../src/attacks/input_gradient.js';
import {Search, type Task} from '../../../src/attacks/search.js';
import {errorOf, expectNoLeakAsync} from '../../support/expect_no_leak.js';

/** What a scripted net says of one number: loss, slope, and the logit of the other class beside a 0 for its own. */
type Script = (x: number) => {loss: number; slope: number; rival?: number};

/** Examples of one number each around 0, in a ball of radius 1 in linf, that all have class 0. */
function searchOf(count: number): Search {
  const task: Task = {
    caller: 'test',
    classifier: () => {
      throw new Error('not to be asked');
    },
    classes: 2,
    norm: 'linf',
    bounds: [-9, 9],
    targeted: false,
    epsilon: 1,
    noteGradient: () => undefined,
    step: () => Promise.resolve(),
  };
  const examples = Array.from({length: count}, (_, i) => i);
  return new Search(task, tf.zeros([count, 1]), new Int32Array(count), examples);
}

/** Climbs by a script; gives all that was visited, look by look, and where each example ended. */
async function climb(script: Script, starts: number[], steps: number) {
  const search = searchOf(starts.length);
  const visited: number[][] = [];
  const look = (_: Search, at: tf.Tensor): Promise<Slope> => {
    const places = Array.from(at.dataSync());
    visited.push(places);
    const said = places.map(script);
    return Promise.resolve({
      gradient: tf.tensor2d(said.map(({slope}) => [slope])),
      values: Float32Array.from(said, ({loss}) => loss),
      logits: Float32Array.from(said.flatMap(({rival = -1}) => [0, rival])),
      health: said.map(() => 'sound' as const),
    });
  };
  const start = () => tf.tensor2d(starts.map(value => [value]));
  const end = await expectNoLeakAsync(() => climbAdaptively(search, {look, steps, start: start()}));
  const ends = Array.from(end.dataSync());
  tf.dispose([end, search.x]);
  return {visited, ends};
}

describe('climbAdaptively', () => {
  it('moves with momentum, and gives the best point', async () => {
    // Up to a top at 1/2 with steps of 2, to be halved at checkpoint 3 of 10 (rises -1 -> 1 and 0 -> 1/2: two of three).
    const top: Script = x => ({loss: -((x - 0.5) ** 2), slope: Math.sign(0.5 - x)});
    const {visited, ends} = await climb(top, [-1], 10);
    // x1 = -1 + 2. x2 = 1 + 3/4 (-1 - 1) + 1/4 (1 + 1). x3 = 0 + 3/4 (1 - 0) + 1/4 (0 - 1). x4 = 1/2 + 1/4 (1/2 - 0).
    expect(visited.slice(0, 5).flat()).toEqual([-1, 1, 0, 0.5, 0.625]);
    expect(visited).toHaveLength(11);
    expect(ends).toEqual([0.5]);
  });

  it('goes on from the best point, by the gradient there, where the step size was halved', async () => {
    // The loss falls all the way, the gradient is 1 below 0 and 0 above.
    const {visited, ends} = await climb(x => ({loss: -x, slope: x < 0 ? 1 : 0}), [-0.5], 10);
    // x1 = -1/2 + 2, clipped to 1; momentum alone keeps it there. At checkpoint 3 back to -1/2 with steps of 1:
    // x4 = -1/2 + 3/4 (1) + 1/4 (-1/2 - 1).
    expect(visited.slice(0, 5).flat()).toEqual([-0.5, 1, 1, 1, -0.125]);
    expect(ends).toEqual([-0.5]);
  });

  it('is done with examples as soon as they are reached or broken, and puts all in their places', async () => {
    // Those that climb beyond 0 are reached up to 1/2, and broken above; one that starts at -1 is led to 1 at once.
    const script: Script = x => {
      const rival = x > 0.5 ? NaN : x > 0 ? 1 : -1;
      return {loss: x, slope: x === -0.25 ? 0 : 1, rival};
    };
    const {visited, ends} = await climb(script, [-0.25, 0.25, -1, -0.25], 4);
    expect(visited.map(({length}) => length)).toEqual([4, 3, 2, 2, 2]);
    expect(ends).toEqual([-0.25, 0.25, 1, -0.25]);
  });

  it('looks no further once all are done with', async () => {
    const {visited, ends} = await climb(x => ({loss: x, slope: 1, rival: x}), [-0.5, 0.5], 50);
    expect(visited.map(({length}) => length)).toEqual([2, 1]);
    expect(ends).toEqual([1, 0.5]);
  });

  it('takes no loss that is not a number for the best', async () => {
    // x1 = x2 = 1, NaN; halved at checkpoint 2 of 6: x3 = -1/2 + 3/4 (1) + 1/4 (-1/2 - 1). All that follows is above 0.
    const {visited, ends} = await climb(x => ({loss: x > 0 ? NaN : x, slope: 1}), [-0.5], 6);
    expect(visited.flat().map(x => x > 0)).toEqual([false, true, true, false, true, true, true]);
    expect(ends).toEqual([-0.125]);
  });

  it('leaves nothing when a look fails', async () => {
    const search = searchOf(2);
    const before = tf.memory().numTensors;
    for (const when of [0, 1, 5]) {
      let looks = 0;
      const look = (): Promise<Slope> => {
        if (looks++ === when) return Promise.reject(new Error('out of order'));
        const logits = Float32Array.of(0, -1, 0, -1);
        const health = ['sound' as const, 'sound' as const];
        return Promise.resolve({
          gradient: tf.ones([2, 1]),
          values: Float32Array.of(looks, -looks),
          logits,
          health,
        });
      };
      const error = await errorOf(() => climbAdaptively(search, {look, steps: 10, start: tf.zeros([2, 1])}));
      expect((error as Error).message).toBe('out of order');
      expect(tf.memory().numTensors).toBe(before);
    }
    search.dispose();
  });
});
