import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import '../../../../plugin/kernels/wasm/index.js';
import {expectClose} from '../../../support/expect_close.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {dot, leaningDirection, slopeAtZero} from '../../../support/finite_differences.js';
import {secondSlopes} from '../../../support/kernel_slopes.js';
import {kernelsRunBy} from '../../../support/native_kernels.js';
import {randomTensor} from '../../../support/randoms.js';
import {errorOf, expectRunsOn} from '../../../support/wasm_calls.js';
import {startWasmOn, WAYS} from '../../../support/wasm_engine.js';

const EPSILON = 1e-2;
type Inputs = [x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, offset: tf.Tensor, scale: tf.Tensor];
const norm = (...[x, ...rest]: Inputs) => {
  const [mean, variance, offset, scale] = rest as tf.Tensor1D[];
  return tf.batchNorm(x, mean, variance, offset, scale, EPSILON) as tf.Tensor;
};
const inputsOf = (shape: number[]): Inputs => {
  const channels = [shape[shape.length - 1]];
  const [mean, offset, scale] = [2, 4, 5].map(seed => randomTensor(channels, seed));
  return [randomTensor(shape, 1), mean, tf.add(tf.abs(randomTensor(channels, 3)), 0.1), offset, scale];
};

describe.each(WAYS)('FusedBatchNorm on %s', way => {
  beforeAll(async () => void (await startWasmOn(way)));

  it('runs there', () => expectRunsOn(tf.FusedBatchNorm, way));

  const shapes = [
    [2, 3, 4, 5],
    [7, 3],
    [1, 1],
    [2, 5, 600],
    [3, 1030],
    [64, 7, 7, 32],
  ];
  it.each(shapes.map(shape => [shape]))('is right, with or without offset and scale, shape %j', shape => {
    const inputs = inputsOf(shape);
    const [x, mean, variance, offset, scale] = inputs.map(tensor => tensor.dataSync());
    const channels = mean.length;
    const expected = Array.from(x, (value, i) => {
      const c = i % channels;
      return (value - mean[c]) / Math.sqrt(variance[c] + EPSILON);
    });
    const plain = expectNoLeak(() =>
      tf.batchNorm(
        inputs[0],
        ...(inputs.slice(1, 3) as [tf.Tensor1D, tf.Tensor1D]),
        undefined,
        undefined,
        EPSILON,
      ),
    );
    expect(errorOf(plain.dataSync(), expected)).toBeLessThan(1e-6);
    const whole = expectNoLeak(() => norm(...inputs));
    const scaled = expected.map((value, i) => value * scale[i % channels] + offset[i % channels]);
    expect(errorOf(whole.dataSync(), scaled)).toBeLessThan(1e-6);
  });

  it.each([[[2, 3, 4, 5]], [[6, 4]]])('has slopes that agree with finite differences, shape %j', shape => {
    const inputs = inputsOf(shape);
    const dy = randomTensor(shape, 6);
    const slopes = expectNoLeak(() => tf.grads(norm as never)(inputs, dy));
    inputs.forEach((input, at) => {
      const claimed = slopes[at].dataSync();
      const u = leaningDirection(claimed, 5);
      const along = (t: number) =>
        tf.tidy(() => {
          const moved = tf.add(input, tf.mul(tf.tensor(u, input.shape), t));
          const all = inputs.map((other, i) => (i === at ? moved : other)) as Inputs;
          return dot(dy.dataSync(), norm(...all).dataSync());
        });
      expectClose([dot(claimed, u)], [slopeAtZero(along)], 2e-3);
    });
  });

  it('makes second derivatives right', () => {
    const inputs = inputsOf([2, 2, 2, 3]);
    inputs.forEach((input, at) => {
      const f = (t: tf.Tensor) => {
        const all = inputs.map((other, i) => (i === at ? t : other)) as Inputs;
        return tf.square(norm(...all));
      };
      const {claimed, measured} = secondSlopes(f, input);
      expectClose([claimed], [measured], 3e-3);
    });
  });

  it('leaves statistics of higher rank to tfjs', () => {
    const [x, mean, offset] = [1, 2, 3].map(seed => randomTensor<tf.Tensor4D>([2, 3, 4, 5], seed));
    const variance = tf.abs(offset);
    const got = tf.batchNorm(x, mean, variance, offset, undefined, EPSILON).dataSync();
    const [xs, means, variances, offsets] = [x, mean, variance, offset].map(tensor => tensor.dataSync());
    const expected = Array.from(
      xs,
      (v, i) => (v - means[i]) / Math.sqrt(variances[i] + EPSILON) + offsets[i],
    );
    expect(errorOf(got, expected)).toBeLessThan(1e-6);
    const slope = tf.grad(
      x => tf.batchNorm(x as tf.Tensor4D, mean, variance, offset, offset, EPSILON) as tf.Tensor,
    );
    const claimed = Array.from(variances, (v, i) => offsets[i] / Math.sqrt(v + EPSILON));
    expect(errorOf(slope(x).dataSync(), claimed)).toBeLessThan(1e-6);
  });

  it('passes NaN and infinities on', () => {
    const x = tf.tensor2d([NaN, 1, Infinity, 1, 1, 1], [2, 3]);
    const ones = tf.ones([3]) as tf.Tensor1D;
    const got = tf.batchNorm(x, ones, tf.tensor1d([1, NaN, 1]), ones, ones, 0).dataSync();
    expect(Array.from(got)).toEqual([NaN, NaN, Infinity, 1, NaN, 1]);
    expect(tf.batchNorm(tf.zeros([0, 3]) as tf.Tensor2D, ones, ones).shape).toEqual([0, 3]);
  });

  it('allows one tensor for offset and scale, and needs no tile', () => {
    const [x, mean, variance, both] = inputsOf([6, 4]);
    // d/dt of t (x - mean) / deviation + t, summed over the rows.
    const centered = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, EPSILON)));
    const expected = tf.add(tf.sum(centered, 0), 6).dataSync();
    const slope = () => tf.grad(t => norm(x, mean, variance, t, t))(both);
    expect(errorOf(slope().dataSync(), expected)).toBeLessThan(2e-6);
    const all = () => tf.grads(norm as never)([x, mean, variance, both, both]);
    expect(kernelsRunBy(all)).not.toContain('Tile');
  });
});
