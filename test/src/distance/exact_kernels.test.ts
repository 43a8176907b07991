import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {checkExactPath, dropPiecewiseConstant} from '../../../src/distance/exact_kernels.js';
import {liveTape} from '../../../src/distance/live_tape.js';
import {expectRefusal} from '../../support/expect_no_leak.js';
import {taped} from '../../support/taped.js';

const x = tf.tensor1d([0.3, 0.7]);

const checkFrom = (f: (x: tf.Tensor) => tf.Tensor) => () => taped(() => checkExactPath('f', f(x), [x]));

describe('checkExactPath', () => {
  it('takes a path of operations that were compared with finite differences', () => {
    expect(checkFrom(x => tf.softmax(tf.relu(tf.add(tf.tanh(x), 1))))).not.toThrow();
  });

  it.each<[string, (x: tf.Tensor) => tf.Tensor]>([
    ['Sin', x => tf.sin(x)],
    ['Erf', x => tf.erf(x)],
    ['Pow', x => tf.pow(x, 3)],
    ['Abs', x => tf.abs(x)],
    ['Prelu', x => tf.prelu(x, tf.scalar(0.1))],
  ])('refuses a path through %s by its name', async (name, f) => {
    await expectRefusal(
      checkFrom(x => tf.add(f(tf.mul(x, 2)), 1)),
      'gradient',
      name,
      "'firstOrder'",
      "'exact'",
    );
  });

  it('refuses a custom gradient, whose second derivative nobody knows', async () => {
    const custom = tf.customGrad(x => ({value: tf.clone(x as tf.Tensor), gradFunc: dy => dy}));
    await expectRefusal(
      checkFrom(x => custom(x)),
      'gradient',
      'operation',
    );
  });

  it('does not care about operations beside the path', () => {
    const run = () =>
      taped(() => {
        tf.sin(x); // leads nowhere
        const before = tf.sin(x); // comes before the activation
        const activation = tf.relu(before);
        checkExactPath('f', tf.mul(activation, 2), [activation]);
        checkExactPath('f', tf.mul(x, tf.sin(tf.scalar(1))), [x]); // comes from elsewhere
      });
    expect(run).not.toThrow();
  });

  it('looks at the paths of all activations', async () => {
    const run = () =>
      taped(() => {
        const h = tf.sin(x);
        checkExactPath('f', tf.mul(h, 2), [h, x]);
      });
    await expectRefusal(run, 'gradient', 'Sin');
  });

  it('takes the scores themselves for an activation', () => {
    expect(() => taped(() => checkExactPath('f', x, [x]))).not.toThrow();
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
