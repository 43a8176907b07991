import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {
  dropPiecewiseConstant,
  faultyOps,
  isPiecewiseConstant,
  unprovenOps,
} from '../../../src/distance/exact_kernels.js';
import {liveTape, nodesBetween} from '../../../src/distance/live_tape.js';
import {taped} from '../../support/taped.js';

const x = tf.tensor1d([0.3, 0.7]);

const found = (f: (x: tf.Tensor) => tf.Tensor, which = unprovenOps) =>
  taped(() => which(nodesBetween([x], f(x))).map(node => node.kernelName));

describe('unprovenOps', () => {
  it('finds none on a path of operations that were compared with finite differences', () => {
    expect(found(x => tf.softmax(tf.relu(tf.add(tf.tanh(x), 1))))).toEqual([]);
  });

  it.each<[string, (x: tf.Tensor) => tf.Tensor]>([
    ['Sin', x => tf.sin(x)],
    ['Atan', x => tf.atan(x)],
    ['LRN', x => tf.localResponseNormalization(tf.reshape(x, [1, 1, 1, 2]) as tf.Tensor4D)],
  ])('finds %s', (name, f) => {
    expect(found(x => tf.add(f(tf.mul(x, 2)), 1))).toEqual([name]);
  });

  it('finds a custom gradient', () => {
    const custom = tf.customGrad(x => ({value: tf.clone(x as tf.Tensor), gradFunc: dy => dy}));
    expect(found(x => custom(x))).toHaveLength(1);
  });

  it('does not care about operations beside the path', () => {
    const between = taped(() => {
      tf.sin(x); // leads nowhere
      const before = tf.sin(x); // comes before the activation
      const activation = tf.relu(before);
      const elsewhere = unprovenOps(nodesBetween([x], tf.mul(x, tf.sin(tf.scalar(1)))));
      return [...unprovenOps(nodesBetween([activation], tf.mul(activation, 2))), ...elsewhere];
    });
    expect(between).toEqual([]);
  });

  it('looks at the paths of all activations', () => {
    const names = taped(() => {
      const h = tf.sin(x);
      return unprovenOps(nodesBetween([h, x], tf.mul(h, 2))).map(node => node.kernelName);
    });
    expect(names).toEqual(['Sin']);
  });

  it('takes the scores themselves for an activation', () => {
    expect(found(x => x)).toEqual([]);
  });
});

describe('faultyOps', () => {
  it('finds what tfjs differentiates wrongly', () => {
    expect(found(x => tf.floorDiv(tf.mul(x, 2), 0.1), faultyOps)).toEqual(['FloorDiv']);
    expect(found(x => tf.mirrorPad(x, [[1, 1]], 'reflect'), faultyOps)).toEqual(['MirrorPad']);
    expect(found(x => tf.sin(x), faultyOps)).toEqual([]);
  });
});

describe('isPiecewiseConstant', () => {
  it('tells steps and comparisons from the rest', () => {
    expect(['Step', 'Greater', 'OneHot'].every(isPiecewiseConstant)).toBe(true);
    expect(['Relu', 'Multiply', ''].some(isPiecewiseConstant)).toBe(false);
  });
});

describe('dropPiecewiseConstant', () => {
  it('takes operations with zero derivative off the tape from the given length on, and frees what they saved', () => {
    taped(() => {
      tf.step(x);
      const since = liveTape().length;
      tf.mul(tf.cast(tf.greater(x, 0.5), 'float32'), tf.step(x));
      dropPiecewiseConstant(since);
      const names = liveTape().map(node => node.kernelName);
      expect(names[0]).toBe('Step');
      expect(names.slice(1)).not.toContain('Step');
      expect(names).not.toContain('Greater');
      expect(names).toContain('Multiply');
    });
  });

  it('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    taped(() => {
      tf.equal(tf.step(x), tf.sign(x));
      dropPiecewiseConstant(0);
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});
