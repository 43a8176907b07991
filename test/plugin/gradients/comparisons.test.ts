import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import '../../../plugin/gradients/index.js';
import {comparisonGradConfigs} from '../../../plugin/gradients/comparisons.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';

const a = tf.tensor2d([0.3, -1, 2, 0.5, 0, -2], [2, 3]);
const b = tf.tensor1d([0.2, -1, 3]);
const toFloat = (x: tf.Tensor) => tf.cast(x, 'float32');
const ofTwo = [
  ['Equal', tf.equal],
  ['NotEqual', tf.notEqual],
  ['Less', tf.less],
  ['LessEqual', tf.lessEqual],
  ['Greater', tf.greater],
] as const;
const logical = [
  ['LogicalAnd', tf.logicalAnd],
  ['LogicalOr', tf.logicalOr],
  ['LogicalXor', tf.logicalXor],
] as const;

describe('the gradients of comparisons', () => {
  it('are those that are registered', () => {
    expect(comparisonGradConfigs).toHaveLength(11);
    for (const config of comparisonGradConfigs) expect(tf.getGradient(config.kernelName)).toBe(config);
  });

  it.each(ofTwo)('are 0 in the shapes of both inputs, also where one is broadcast: %s', (_, compare) => {
    const slopes = expectNoLeak(() =>
      tf.grads((a: tf.Tensor, b: tf.Tensor) => tf.mul(toFloat(compare(a, b)), a))([a, b]),
    );
    // Only the factor a has a slope: what the comparison gave.
    expect(Array.from(slopes[0].dataSync())).toEqual(Array.from(compare(a, b).dataSync()));
    expect(slopes[1].shape).toEqual(b.shape);
    expect(Array.from(slopes[1].dataSync())).toEqual([0, 0, 0]);
    tf.dispose(slopes);
  });

  it.each(logical)('are 0 through truth values: %s', (_, combine) => {
    const f = (a: tf.Tensor) => tf.mul(toFloat(combine(tf.greater(a, 0), tf.less(a, 1))), a);
    const slope = expectNoLeak(() => tf.grad(f)(a));
    const expected = tf.tidy(() => Array.from(combine(tf.greater(a, 0), tf.less(a, 1)).dataSync()));
    expect(Array.from(slope.dataSync())).toEqual(expected);
    slope.dispose();
  });

  it.each([
    ['Any', tf.any],
    ['All', tf.all],
  ] as const)('are 0 through a mask: %s', (_, reduce) => {
    const mask = (a: tf.Tensor) => reduce(tf.greater(a, 0.2), -1, true);
    const slope = expectNoLeak(() => tf.grad(a => tf.mul(toFloat(mask(a)), a))(a));
    const [upper, lower] = Array.from(mask(a).dataSync());
    expect(Array.from(slope.dataSync())).toEqual([upper, upper, upper, lower, lower, lower]);
    slope.dispose();
  });

  it('are 0 through a negation', () => {
    const slope = tf.grad(a => tf.mul(toFloat(tf.logicalNot(tf.greater(a, 0))), a))(a);
    expect(Array.from(slope.dataSync())).toEqual([0, 1, 0, 0, 1, 1]);
    slope.dispose();
  });
});
