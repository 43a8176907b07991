import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {liveTape} from '../../../src/distance/live_tape.js';
import {mendTape} from '../../../src/distance/mended_nodes.js';
import {allCases} from '../../contract/slopes/cases.js';
import {secondOrder} from '../../../src/distance/second_order.js';
import {testSlopes} from '../../contract/slopes/suite.js';
import {registeredGradients} from '../../support/registered_gradients.js';
import {taped} from '../../support/taped.js';

testSlopes(allCases);

describe('mendTape', () => {
  it('leaves the registry and the way kernels are run as they were', () => {
    const before = registeredGradients();
    const {runKernel} = tf.engine();
    const x = tf.ones<tf.Rank.R4>([2, 3, 3, 1]);
    const f = () => {
      const y = tf.image.resizeBilinear(x, [5, 5], false, true);
      mendTape();
      return tf.sum(y) as tf.Scalar;
    };
    const {value, grads} = tf.tidy(() => tf.valueAndGrads(f)([x]));
    tf.dispose([value, grads]);
    expect(tf.engine().runKernel).toBe(runKernel);
    expect(Object.keys(tf.engine())).not.toContain('runKernel');
    expect(registeredGradients()).toEqual(before);
    x.dispose();
  });

  it('puts the way kernels are run back after a throw', () => {
    const {runKernel} = tf.engine();
    const x = tf.ones([2, 3]);
    const throwing = () =>
      taped(() => {
        tf.image.resizeBilinear(tf.reshape(x, [1, 2, 3, 1]) as tf.Tensor4D, [4, 6]);
        mendTape();
        const {gradient} = liveTape().find(({kernelName}) => kernelName === 'ResizeBilinear')!;
        // A gradient of the wrong size, which the kernel refuses.
        gradient!([tf.ones([1, 1, 1, 5])]).images();
      });
    expect(throwing).toThrow();
    expect(tf.engine().runKernel).toBe(runKernel);
    x.dispose();
  });

  it('takes the axis of a cumulative sum from the end as from the front, twice', () => {
    const x = tf.range(0, 6).reshape([2, 3]);
    const second = (axis: number, reverse: boolean) =>
      tf.tidy(() => {
        const f = (x: tf.Tensor) => tf.square(tf.cumsum(x, axis, true, reverse));
        return Array.from(tf.grad(secondOrder(f))(x).dataSync());
      });
    for (const reverse of [false, true]) {
      expect(second(-2, reverse)).toEqual(second(0, reverse));
      expect(second(-1, reverse)).toEqual(second(1, reverse));
    }
    x.dispose();
  });

  it('mends each operation once: a second call changes nothing', () => {
    const gradientsAfter = (calls: number) =>
      taped(() => {
        tf.image.resizeBilinear(tf.ones<tf.Rank.R4>([1, 2, 2, 1]), [3, 3]);
        mendTape();
        const node = liveTape().find(({kernelName}) => kernelName === 'ResizeBilinear')!;
        const {gradient} = node;
        for (let i = 1; i < calls; i++) mendTape();
        return node.gradient === gradient;
      });
    expect(gradientsAfter(3)).toBe(true);
  });
});
