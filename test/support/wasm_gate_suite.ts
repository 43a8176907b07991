import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {expectClose} from './expect_close.js';
import {expectNoLeak} from './expect_no_leak.js';
import {kernelSlopes, secondSlopes} from './kernel_slopes.js';
import {kernelsRunBy} from './native_kernels.js';
import {randomTensor} from './randoms.js';
import {expectRunsOn} from './wasm_calls.js';
import {startWasmOn, WAYS} from './wasm_engine.js';

/** A gate of an activation: what dy is multiplied with, by x. */
export interface GateCase {
  name: string;
  activation: (x: tf.Tensor) => tf.Tensor;
  factor: (x: number) => number;
}

const odd = [NaN, Infinity, -Infinity, -0, 0, 1e-6, -1e-6, 2, 6, 6 + 2 ** -21, 6 - 2 ** -21, -2, 3e38];

/** What the gradient of an activation is asked for on wasm: to be tfjs's own, to the bit. */
export function testWasmGate({name, activation, factor}: GateCase): void {
  const slope = (x: tf.Tensor, dy: tf.Tensor) => tf.grad(activation)(x, dy);
  const expected = (x: ArrayLike<number>, dy: ArrayLike<number>) =>
    Array.from(x, (value, i) => Math.fround(dy[i] * factor(value)));

  describe.each(WAYS)(`${name} on %s`, way => {
    beforeAll(async () => void (await startWasmOn(way)));

    it('runs there', () => expectRunsOn(name, way));

    it.each([[[7]], [[3, 5]], [[2, 5, 3]], [[2, 4, 5, 3]], [[1, 1]], [[]]])('is dy or 0, shape %s', shape => {
      const [x, dy] = [tf.mul(randomTensor(shape, 1), 8), randomTensor(shape, 2)];
      const got = expectNoLeak(() => slope(x, dy));
      expect(got.shape).toEqual(shape);
      expect(Array.from(got.dataSync())).toEqual(expected(x.dataSync(), dy.dataSync()));
    });

    it('passes NaN, infinities and signs on as products do, in x and in dy', () => {
      const pairs = odd.flatMap(x => odd.map(dy => [x, dy]));
      const [x, dy] = [0, 1].map(i => tf.tensor1d(pairs.map(pair => pair[i])));
      const wanted = expected(x.dataSync(), dy.dataSync());
      expect(Array.from(slope(x, dy).dataSync())).toEqual(wanted);
      for (const [i, [xValue, dyValue]] of pairs.entries()) {
        const [got] = slope(tf.tensor1d([xValue]), tf.tensor1d([dyValue])).dataSync();
        expect(got, `x ${xValue}, dy ${dyValue}`).toEqual(wanted[i]);
      }
    });

    it('agrees with finite differences in dy, and makes a second derivative right', () => {
      const [x, dy] = [randomTensor([4, 6], 3), randomTensor([4, 6], 4)];
      const own = kernelSlopes(name, {dy, x}, {}, 'dy', 4);
      expectClose([own.claimed], [own.measured], 2e-5);
      const second = secondSlopes(x => tf.square(activation(tf.square(activation(x)))), x);
      expectClose([second.claimed], [second.measured], 3e-3);
    });

    it('refuses what it would misread, and leaves no tensor behind', () => {
      const x = tf.ones([3]);
      const whole = tf.ones([3], 'int32');
      const run = (dy: tf.Tensor) => tf.engine().runKernel(name, {dy, x}, {});
      if (way !== 'operations') {
        expectNoLeak(() => {
          expect(() => run(whole)).toThrow(`${name}: expected dy to be float32 [3], got int32 [3]`);
          return undefined;
        });
      }
      expectNoLeak(() => tf.grad(x => tf.grad(x => tf.square(activation(x)))(x))(x));
    });
  });

  it(`${name} is what the gradient runs`, async () => {
    await startWasmOn('simd');
    expectRunsOn(name, 'simd');
    const x = randomTensor([3, 4], 1);
    const names = kernelsRunBy(() => slope(x, x));
    expect(names).toContain(name);
    expect(names).not.toContain('Step');
  });
}
