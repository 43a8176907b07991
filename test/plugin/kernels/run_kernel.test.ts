import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {runKernel} from '../../../plugin/kernels/run_kernel.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';

describe('a kernel by its name', () => {
  it('runs with attributes and without', () => {
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
