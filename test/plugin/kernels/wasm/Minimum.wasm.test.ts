import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import '../../../../plugin/gradients/index.js';
import {expectClose} from '../../../support/expect_close.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {secondSlopes} from '../../../support/kernel_slopes.js';
import {kernelsRunBy} from '../../../support/native_kernels.js';
import {randomTensor} from '../../../support/randoms.js';
import {callKernel, expectRunsOn} from '../../../support/wasm_calls.js';
import {startWasmOn, WAYS} from '../../../support/wasm_engine.js';

const NAMES = [tf.Minimum, 'LargeMarginMinimumGrad'];
const odd = [NaN, Infinity, -Infinity, -0, 0, 1e-6, 6, 6 + 2 ** -21, 6 - 2 ** -21, -3e38, 1e-42];
/** As layers have it: gradients of relu and of the minimum, one behind the other. */
const relu6 = (x: tf.Tensor) => tf.minimum(6, tf.relu(x));

describe.each(WAYS)('the smaller one of a number and a tensor on %s', way => {
  beforeAll(async () => void (await startWasmOn(way)));

  it('runs there', () => NAMES.forEach(name => expectRunsOn(name, way)));

  it.each([[[7]], [[3, 5]], [[2, 4, 5, 3]], [[1, 1]], [[]], [[0, 3]]])(
    'is right in both orders, shape %s',
    shape => {
      const x = tf.mul(randomTensor(shape, 1), 9);
      const expected = Array.from(x.dataSync(), value => Math.min(value, 6));
      for (const pair of [
        [tf.scalar(6), x],
        [x, tf.scalar(6)],
        [x, tf.fill([1], 6)],
      ].slice(0, shape.length === 0 ? 2 : 3)) {
        const got = expectNoLeak(() => tf.minimum(pair[0], pair[1]));
        expect(got.shape).toEqual(shape);
        expect(Array.from(got.dataSync())).toEqual(expected);
      }
    },
  );

  it('keeps NaN, infinities and signs', () => {
    const x = tf.tensor1d(odd);
    const expected = odd.map(value => Math.fround(Math.min(value, 6)));
    expect(Array.from(tf.minimum(6, x).dataSync())).toEqual(expected);
    for (const [i, value] of odd.entries())
      expect(Array.from(tf.minimum(6, tf.tensor1d([value])).dataSync())).toEqual([expected[i]]);
  });

  it('leaves to tfjs what is no number and no float', () => {
    const [a, b] = [randomTensor([3, 4], 1), randomTensor([4], 2)];
    const [as, bs] = [a.dataSync(), b.dataSync()];
    const expected = Array.from(as, (value, i) => Math.min(value, bs[i % 4]));
    expect(Array.from(tf.minimum(a, b).dataSync())).toEqual(expected);
    const whole = tf.tensor1d([1, 5, -7], 'int32');
    const least = tf.minimum(tf.scalar(2, 'int32'), whole);
    expect([least.dtype, ...least.dataSync()]).toEqual(['int32', 1, 2, -7]);
    // A number of more axes gives the shape.
    expect(tf.minimum(tf.ones([1, 1, 1]), b).shape).toEqual([1, 1, 4]);
  });

  it('has the slope dy where the tensor is below the number, and nothing where it is not', () => {
    const pairs = odd.flatMap(x => odd.map(dy => [x, dy]));
    const [x, dy] = [0, 1].map(i => tf.tensor1d(pairs.map(pair => pair[i])));
    const slope = expectNoLeak(() => tf.grad((x: tf.Tensor) => tf.minimum(6, x))(x, dy));
    const dys = dy.dataSync();
    const expected = Array.from(x.dataSync(), (value, i) => Math.fround(dys[i] * Number(value < 6)));
    expect(Array.from(slope.dataSync())).toEqual(expected);
  });

  it('has the slopes that finite differences and second derivatives ask for', () => {
    const x = tf.mul(randomTensor([4, 6], 3), 2);
    const second = secondSlopes(x => tf.square(relu6(tf.square(relu6(x)))), x);
    expectClose([second.claimed], [second.measured], 3e-3);
  });

  it("is tfjs's in the other order, and for the number", () => {
    const x = tf.tensor1d([1, 2, 3]);
    expect(
      Array.from(
        tf
          .grad((x: tf.Tensor) => tf.minimum(x, 2))(x)
          .dataSync(),
      ),
    ).toEqual([1, 1, 0]);
    const both = tf.grads((a: tf.Tensor, b: tf.Tensor) => tf.minimum(a, b));
    const slopes = ([a, b]: number[]) => both([tf.tensor1d([a]), tf.tensor1d([b])]).map(t => t.dataSync()[0]);
    expect(
      [
        [1, 2],
        [2, 2],
        [3, 2],
      ].map(slopes),
    ).toEqual([
      [1, 0],
      [1, 0],
      [0, 1],
    ]);
  });
});

it('is what relu6 of a layer and its gradient run', async () => {
  await startWasmOn('simd');
  NAMES.forEach(name => expectRunsOn(name, 'simd'));
  const x = randomTensor([3, 4], 1);
  const names = kernelsRunBy(() => tf.grad(relu6)(x));
  expect(names).toContain('LargeMarginMinimumGrad');
  expect(names).not.toContain('Greater');
});

it('refuses a dy of another size, which would be misread', async () => {
  await startWasmOn('simd');
  const [dy, x, limit] = [tf.ones([2]), tf.ones([3]), tf.scalar(6)];
  expectNoLeak(() => {
    expect(() => callKernel('LargeMarginMinimumGrad', {dy, x, limit}, {})).toThrow(
      'LargeMarginMinimumGrad: expected dy to be float32 [3], got float32 [2]',
    );
    return undefined;
  });
});
