import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {checkSound, exactWalk} from '../../../src/distance/exact_walk.js';
import {liveTape, recordedBy} from '../../../src/distance/live_tape.js';
import {expectClose} from '../../support/expect_close.js';
import {taped} from '../../support/taped.js';

const refuse = (operation: string, why: string) => new Error(`${operation}: ${why}`);
const x = tf.tensor1d([0.3, -0.7, 1.1]);

describe('exactWalk', () => {
  it('leaves the tape in the order of computation, before and after what the walk has recorded', () => {
    taped(() => {
      const y = tf.tanh(x);
      const walk = () => tf.engine().gradients(() => y, [x], undefined, true).grads[0];
      exactWalk(y, [x], () => tf.sigmoid(walk()), refuse);
      const made = new Set<number>();
      const late = liveTape().filter(({inputs, outputs}) => {
        outputs.forEach(t => made.add(t.id));
        const producers = Object.values(inputs).filter(t => liveTape().some(n => n.outputs.includes(t)));
        return producers.some(t => !made.has(t.id));
      });
      expect(late).toEqual([]);
      expect(liveTape().map(node => node.kernelName)).not.toContain('Step');
    });
  });
});

describe('checkSound', () => {
  it('lets a walk through a gradient that the forward pass used itself', () => {
    // tanh saves its output: without an order of computation the way through it is lost, and a part left over.
    const walked = taped(() => {
      const y = tf.grad(t => tf.mul(t, tf.tanh(t)))(x);
      checkSound(y, [x], refuse);
      return tf
        .engine()
        .gradients(() => y, [x], undefined, true)
        .grads[0].dataSync();
    });
    const second = (t: number) => 2 * (1 - Math.tanh(t) ** 2) * (1 - t * Math.tanh(t));
    expectClose(walked, Array.from(x.dataSync(), second), 1e-5);
  });

  it('throws for an operation that tfjs differentiates wrongly, by its name and layer', () => {
    const run = (f: () => tf.Tensor) => () => taped(() => checkSound(f(), [x], refuse));
    expect(run(() => recordedBy('a', () => tf.floorDiv(x, 2)))).toThrow(/^FloorDiv \(layer a\): .*wrong/);
    expect(run(() => tf.cumprod(tf.tanh(x)))).toThrow(/^Cumprod: tfjs has no gradient/);
    expect(run(() => tf.sin(x))).not.toThrow();
  });
});
