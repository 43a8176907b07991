import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {POOL_SAMPLES, poolInfo} from '../../../../plugin/kernels/wasm/pool_geometry.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';

const attrs = {filterSize: 2, strides: 2, pad: 'valid'} as const;

describe('poolInfo', () => {
  it('gives the sizes that the attributes say, rounded as they say', () => {
    const input = tf.zeros([1, 5, 5, 2]);
    const sizeOf = (dy: tf.Tensor, dimRoundingMode: 'floor' | 'ceil') => {
      const info = poolInfo('APool', {input, dy}, {...attrs, pad: 0, dimRoundingMode});
      dy.dispose();
      return [info.outHeight, info.outWidth];
    };
    // (5 - 2) / 2 + 1 = 2.5
    expect(sizeOf(tf.zeros([1, 2, 2, 2]), 'floor')).toEqual([2, 2]);
    expect(sizeOf(tf.zeros([1, 3, 3, 2]), 'ceil')).toEqual([3, 3]);
    input.dispose();
  });

  it('refuses a dy of another size, which would be read beyond its end', () => {
    const [input, dy] = [tf.zeros([1, 5, 5, 2]), tf.zeros([1, 3, 2, 2])];
    const run = () => poolInfo('APool', {input, dy}, attrs);
    expect(() => expectNoLeak(run)).toThrow(
      'APool: expected dy to be float32 [1,2,2,2], got float32 [1,3,2,2]',
    );
    tf.dispose([input, dy]);
  });
});

describe('the samples of pools', () => {
  it.each(POOL_SAMPLES)('are of the sizes that they say: $input, window $filterSize', sample => {
    const [input, dy] = [tf.zeros(sample.input), tf.zeros(sample.dy)];
    expect(poolInfo('APool', {input, dy}, sample).outShape).toEqual(sample.dy);
    tf.dispose([input, dy]);
  });
});
