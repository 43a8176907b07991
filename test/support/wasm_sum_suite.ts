import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {expectNoLeak} from './expect_no_leak.js';
import {randomTensor} from './randoms.js';
import {errorOf, expectRunsOn} from './wasm_calls.js';
import {startWasmOn, WAYS} from './wasm_engine.js';

type Case = [shape: number[], axis: number | number[] | undefined, keepDims: boolean];
const cases: Case[] = [
  [[2, 3, 4, 20], [0, 1, 2], false],
  [[2, 3, 4, 20], [2, 0, 1], true],
  [[2, 3, 4, 20], [-4, -3, -2], false],
  [[2, 3, 4, 20], [1, 2], false],
  [[2, 3, 4, 20], [1, 2], true],
  [[2, 3, 4, 20], [0, 1], false],
  [[2, 3, 4, 20], [0, 2], false],
  [[2, 3, 4, 20], [1, 3], true],
  [[2, 3, 4, 20], [1, 2, 3], false],
  [[2, 3, 4, 20], undefined, true],
  [[7, 16], 0, false],
  [[700, 3], 0, false],
  [[50, 41], 0, false],
  [[3, 1030], 0, false],
  [[5, 63], 1, false],
  [[5, 64], 1, false],
  [[5, 3001], 1, true],
  [[3001], 0, false],
  [[16], 0, false],
  [[1, 1, 17], [0, 1], false],
  [[1], 0, false],
  [[], undefined, false],
  [[4, 5], [], false],
];

/** What sums, or means, are asked for on wasm; the oracle adds in float64. */
export function testWasmSum(
  name: string,
  sum: (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor,
): void {
  const isMean = name === tf.Mean;

  describe.each(WAYS)(`${name} on %s`, way => {
    beforeAll(async () => void (await startWasmOn(way)));

    it('runs there', () => expectRunsOn(name, way));

    it.each(cases)('is right: %j over %j, kept %s', (shape, axis, keepDims) => {
      const x = randomTensor(shape, 1);
      const {values, outShape} = sumsOf(x.dataSync(), shape, axis, keepDims, isMean);
      const got = expectNoLeak(() => sum(x, axis, keepDims));
      expect(got.shape).toEqual(outShape);
      const error = errorOf(got.dataSync(), values);
      expect(error, `error ${error}`).toBeLessThan(1e-6);
    });

    it('passes NaN and infinities on', () => {
      const rows = [
        [NaN, 1, Infinity, -Infinity, -0],
        [1, 2, -Infinity, -Infinity, -0],
      ];
      const x = tf.tensor2d(rows);
      expect(Array.from(sum(x, 0).dataSync())).toEqual([NaN, isMean ? 1.5 : 3, NaN, -Infinity, 0]);
      const long = tf.concat([tf.ones([2, 99]), tf.tensor2d([[NaN], [Infinity]])], 1);
      expect(Array.from(sum(long, 1).dataSync())).toEqual([NaN, Infinity]);
    });

    it('of no numbers is what TensorFlow has: 0, and NaN for a mean', () => {
      const empty = isMean ? NaN : 0;
      expect(Array.from(sum(tf.zeros([0, 3]), 0).dataSync())).toEqual([empty, empty, empty]);
      expect(sum(tf.zeros([2, 0, 3]), 1, true).shape).toEqual([2, 1, 3]);
      expect(Array.from(sum(tf.zeros([2, 0]), 1).dataSync())).toEqual([empty, empty]);
      expect(sum(tf.zeros([0, 3]), 1).shape).toEqual([0]);
    });

    it("has tfjs's types and gradients", () => {
      const whole = sum(tf.tensor2d([1, 2, 3, 4], [2, 2], 'int32'), 0);
      expect([whole.dtype, ...whole.dataSync()]).toEqual(isMean ? ['float32', 2, 3] : ['int32', 4, 6]);
      const x = randomTensor([2, 3, 4], 1);
      // The slope of the sum of squared sums is twice the sum over each number's column, for means by 6 * 6.
      const slope = tf.grad(x => tf.square(sum(x, [0, 1])))(x);
      const {values} = sumsOf(x.dataSync(), x.shape, [0, 1], false, isMean);
      const expected = Array.from(x.dataSync(), (_, i) => (2 * values[i % 4]) / (isMean ? 6 : 1));
      expect(errorOf(slope.dataSync(), expected)).toBeLessThan(1e-6);
    });

    if (way !== 'operations') {
      it('is accurate over many rows', () => {
        const x = tf.add(randomTensor([60_000, 16], 3), 1);
        const {values} = sumsOf(x.dataSync(), x.shape, 0, false, isMean);
        expect(errorOf(sum(x, 0).dataSync(), values)).toBeLessThan(1e-6);
        const along = sumsOf(x.dataSync(), [1, x.size], 1, false, isMean);
        expect(errorOf(sum(tf.reshape(x, [1, x.size]), 1).dataSync(), along.values)).toBeLessThan(1e-6);
      });
    }
  });
}

function sumsOf(
  x: ArrayLike<number>,
  shape: number[],
  axis: number | number[] | undefined,
  keepDims: boolean,
  isMean: boolean,
): {values: number[]; outShape: number[]} {
  const all = shape.map((_, i) => i);
  const axes = (axis === undefined ? all : [axis].flat()).map(a => (a < 0 ? a + shape.length : a));
  const kept = shape.map((size, i) => (axes.includes(i) ? 1 : size));
  const size = kept.reduce((product, n) => product * n, 1);
  const values = Array<number>(size).fill(0);
  for (let i = 0; i < x.length; i++) {
    let [rest, index, step] = [i, 0, 1];
    for (let a = shape.length - 1; a >= 0; a--) {
      index += (kept[a] === 1 ? 0 : rest % shape[a]) * step;
      step *= kept[a];
      rest = Math.floor(rest / shape[a]);
    }
    values[index] += x[i];
  }
  const outShape = keepDims ? kept : shape.filter((_, i) => !axes.includes(i));
  const count = x.length / size;
  return {values: isMean ? values.map(value => value / count) : values, outShape};
}
