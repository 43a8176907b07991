import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import '../../../../plugin/kernels/wasm/index.js';
import {batchNormSums} from '../../../../plugin/kernels/wasm/LargeMarginBatchNormSums.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {randomTensor} from '../../../support/randoms.js';
import {errorOf, expectRunsOn} from '../../../support/wasm_calls.js';
import {startWasmOn, WAYS} from '../../../support/wasm_engine.js';

const NAME = 'LargeMarginBatchNormSums';

describe.each(WAYS)(`${NAME} on %s`, way => {
  beforeAll(async () => void (await startWasmOn(way)));

  it('runs there', () => expectRunsOn(NAME, way));

  const shapes = [
    [2, 3, 4, 5],
    [1, 1, 1, 1],
    [9, 8, 7, 3],
    [2, 2, 2, 600],
    [3, 1, 1, 1030],
    [64, 7, 7, 32],
  ];
  it.each(shapes)('is the sums of dy and of dy (x - mean): [%i, %i, %i, %i]', (...shape) => {
    const channels = shape[3];
    const [dy, x, mean] = [randomTensor(shape, 1), randomTensor(shape, 2), randomTensor([channels], 3)];
    const [dyValues, xValues, means] = [dy, x, mean].map(tensor => tensor.dataSync());
    const expected = Array<number>(2 * channels).fill(0);
    dyValues.forEach((value, i) => {
      expected[i % channels] += value;
      expected[channels + (i % channels)] += value * (xValues[i] - means[i % channels]);
    });
    const sums = expectNoLeak(() => batchNormSums(dy, x, mean));
    expect(sums.shape).toEqual([2, channels]);
    const error = errorOf(sums.dataSync(), expected);
    expect(error, `error ${error}`).toBeLessThan(way === 'operations' ? 3e-6 : 1e-6);
  });

  it('loses nothing where the mean is far from 0, which a difference of two sums would', () => {
    const [dy, noise] = [randomTensor([4, 5, 5, 2], 1), randomTensor([4, 5, 5, 2], 2)];
    // The numbers between 2^12 and 2^13 are 2^-11 apart: the noise is rounded first.
    const x = tf.add(noise, 5000);
    const mean = tf.fill([2], 5000);
    const [dyValues, xValues] = [dy.dataSync(), x.dataSync()];
    const expected = [0, 0];
    dyValues.forEach((value, i) => (expected[i % 2] += value * (xValues[i] - 5000)));
    expect(errorOf(batchNormSums(dy, x, mean).dataSync().slice(2), expected)).toBeLessThan(1e-6);
  });

  it('passes NaN and infinities on, and refuses what it would misread', () => {
    const dy = tf.tensor4d([NaN, 1, 1, 1, 1, 1], [2, 1, 1, 3]);
    const x = tf.tensor4d([1, Infinity, 1, 1, 1, 3], [2, 1, 1, 3]);
    expect(Array.from(batchNormSums(dy, x, tf.zeros([3])).dataSync())).toEqual([NaN, 2, 2, NaN, Infinity, 4]);
    if (way === 'operations') return;
    const refused = () => batchNormSums(dy, x, tf.zeros([2]));
    expect(refused).toThrow(`${NAME}: expected mean to be float32 [3], got float32 [2]`);
  });
});
