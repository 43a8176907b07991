import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {random, runKernel} from '../../../../plugin/kernels/wasm/samples.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {startWasmOn} from '../../../support/wasm_engine.js';

describe('what small cases are made of', () => {
  beforeAll(async () => void (await startWasmOn('simd')));

  it('are the same numbers at each call, in the range that is asked for', () => {
    const [a, b, other] = [random([40], 1, -3, -2), random([40], 1, -3, -2), random([40], 2)].map(x =>
      Array.from(x.dataSync()),
    );
    expect(a).toEqual(b);
    expect(Math.min(...a)).toBeGreaterThanOrEqual(-3);
    expect(Math.max(...a)).toBeLessThan(-2);
    expect(Math.min(...other)).toBeLessThan(0);
    expect(Math.max(...other)).toBeGreaterThan(0);
    expect(Math.max(...other.map(Math.abs))).toBeLessThanOrEqual(1);
  });

  it('runs a kernel by its name, with attributes and without', () => {
    expectNoLeak(() =>
      tf.tidy(() => {
        const x = tf.tensor2d([1, -2, 3, 4], [2, 2]);
        expect(Array.from(runKernel('Neg', {x}).dataSync())).toEqual([-1, 2, -3, -4]);
        expect(Array.from(runKernel('Sum', {x}, {axis: [0]}).dataSync())).toEqual([4, 2]);
        return undefined;
      }),
    );
  });

  it('says which kernel there is not', () => {
    const x = tf.ones([2]);
    expect(() => runKernel('NoSuch', {x})).toThrow("Kernel 'NoSuch' not registered");
    x.dispose();
  });
});
