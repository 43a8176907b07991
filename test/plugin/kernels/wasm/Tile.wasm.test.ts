import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import {beforeAll, describe, expect, it} from 'vitest';
import '../../../../plugin/kernels/wasm/index.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {randomTensor} from '../../../support/randoms.js';
import {expectRunsOn} from '../../../support/wasm_calls.js';
import {startWasmOn, WAYS} from '../../../support/wasm_engine.js';

describe.each(WAYS)('Tile on %s', way => {
  beforeAll(async () => void (await startWasmOn(way)));

  it('runs there', () => expectRunsOn(tf.Tile, way));

  it.each([
    [
      [1, 1, 1, 5],
      [2, 3, 4, 1],
    ],
    [
      [1, 1, 1, 32],
      [8, 14, 14, 1],
    ],
    [
      [1, 5000],
      [7, 1],
    ],
    [
      [3, 1, 7],
      [1, 6, 1],
    ],
    [
      [4, 1],
      [1, 9000],
    ],
    [
      [2, 3],
      [3, 1],
    ],
    [
      [2, 3],
      [1, 1],
    ],
    [
      [2, 3],
      [2, 2],
    ],
    [
      [2, 3, 2],
      [1, 2, 3],
    ],
    [
      [3, 1],
      [2, 2],
    ],
    [[3], [5]],
    [
      [0, 3],
      [4, 1],
    ],
    [
      [2, 3],
      [0, 1],
    ],
  ])('repeats %j by %j', (shape, reps) => {
    const x = randomTensor(shape, 1);
    const got = expectNoLeak(() => tf.tile(x, reps));
    expect(got.shape).toEqual(shape.map((size, i) => size * reps[i]));
    expect(Array.from(got.dataSync())).toEqual(repeated(x.dataSync(), shape, reps));
  });

  it('repeats whatever there is along whatever axes', () => {
    const axis = fc.tuple(fc.integer({min: 1, max: 3}), fc.integer({min: 1, max: 3}));
    const run = (axes: Array<[number, number]>) => {
      const [shape, reps] = [axes.map(([size]) => size), axes.map(([, times]) => times)];
      const x = randomTensor(shape, 1);
      const got = tf.tile(x, reps);
      expect(Array.from(got.dataSync())).toEqual(repeated(x.dataSync(), shape, reps));
      tf.dispose([x, got]);
    };
    fc.assert(fc.property(fc.array(axis, {minLength: 1, maxLength: 5}), run), {seed: 1, numRuns: 300});
  });

  it('copies NaN and infinities, and leaves other types to tfjs', () => {
    const odd = tf.tensor1d([NaN, Infinity, -0]);
    expect(Array.from(tf.tile(odd, [2]).dataSync())).toEqual([NaN, Infinity, -0, NaN, Infinity, -0]);
    const whole = tf.tile(tf.tensor1d([1, 2], 'int32'), [2]);
    expect([whole.dtype, ...whole.dataSync()]).toEqual(['int32', 1, 2, 1, 2]);
    expect(Array.from(tf.tile(tf.tensor1d([1, 0], 'bool'), [2]).dataSync())).toEqual([1, 0, 1, 0]);
  });

  it('is what spreads the slope of a mean, NaN included', () => {
    const x = tf.zeros([2, 2, 2]);
    const dy = tf.tensor1d([NaN, 8]);
    const slope = expectNoLeak(() => tf.grad(x => tf.mean(x, [0, 1]))(x, dy));
    expect(Array.from(slope.dataSync())).toEqual([NaN, 2, NaN, 2, NaN, 2, NaN, 2]);
    // The mean of 8 squares, squared: the second derivative along (1, ..., 1) of (8 t^2 / 8)^2 = t^4 is 12 t^2, in 8 parts.
    const second = tf.grad(x => tf.grad(x => tf.square(tf.mean(tf.square(x))))(x))(tf.ones([2, 2, 2]));
    expect(Array.from(second.dataSync())).toEqual(Array(8).fill(1.5));
  });
});

/** One number at a time. */
function repeated(values: ArrayLike<number>, shape: number[], reps: number[]): number[] {
  const size = shape.reduce((product, length, a) => product * length * reps[a], 1);
  return Array.from({length: size}, (_, at) => {
    let [rest, index, step] = [at, 0, 1];
    for (let a = shape.length - 1; a >= 0; a--) {
      index += ((rest % (shape[a] * reps[a])) % shape[a]) * step;
      rest = Math.floor(rest / (shape[a] * reps[a]));
      step *= shape[a];
    }
    return values[index];
  });
}
