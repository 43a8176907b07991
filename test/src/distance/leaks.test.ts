import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {mixesExamples} from '../../../src/distance/leaks.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {taped} from '../../support/taped.js';

const w = randomTensor<tf.Tensor2D>([4, 3], 2);

/** x -> normalized by hand -> relu -> scores: which of these depend on other examples. */
function found(batch: number, normalize: (x: tf.Tensor) => tf.Tensor): boolean[] {
  const x = randomTensor<tf.Tensor2D>([batch, 4], 1);
  const result = taped(() => {
    const input = tf.clone(x);
    const normed = normalize(input);
    const h = tf.relu(normed);
    return mixesExamples(tf.matMul(h as tf.Tensor2D, w), [input, normed, h]);
  });
  x.dispose();
  return result;
}

const byHand = (x: tf.Tensor) => tf.sub(x, tf.mean(x, 0, true));

describe('mixesExamples', () => {
  it('finds where a batch norm written by hand mixes examples', () => {
    expect(found(6, byHand)).toEqual([true, false, false]);
    expect(found(3, x => tf.div(x, tf.sqrt(tf.mean(tf.square(x), 0, true))))).toEqual([true, false, false]);
  });

  it('finds none without one, in tf.batchNorm, and in a batch of one', () => {
    expect(found(6, x => tf.tanh(x))).toEqual([false, false, false]);
    const batchNorm = (x: tf.Tensor) => {
      const {mean, variance} = tf.moments(x, 0);
      return tf.batchNorm(
        x as tf.Tensor4D,
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        tf.zeros([4]),
        tf.ones([4]),
      );
    };
    expect(found(6, batchNorm)).toEqual([false, false, false]);
    expect(found(1, byHand)).toEqual([false, false, false]);
  });

  it('finds none where nothing is asked for', () => {
    expect(taped(() => mixesExamples(tf.zeros([4, 3]), []))).toEqual([]);
  });

  it('goes through what tfjs cannot differentiate unmended: an unstack of one', () => {
    expect(found(6, x => tf.unstack(tf.expandDims(x, 0))[0])).toEqual([false, false, false]);
  });

  it('leaves no tensor behind', () => {
    expectNoLeak(() => void found(6, byHand));
  });
});
