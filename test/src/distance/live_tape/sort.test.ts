import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import '../../../../plugin/gradients/index.js';
import {dropPiecewiseConstant} from '../../../../src/distance/exact_kernels.js';
import {liveTape, sortLiveTape} from '../../../../src/distance/live_tape.js';
import {expectClose} from '../../../support/expect_close.js';
import {dot, leaningDirection, slopeAtZero} from '../../../support/finite_differences.js';
import {randomTensor} from '../../../support/randoms.js';
import {tapedByGrad as taped} from '../../../support/taped.js';

describe('sortLiveTape', () => {
  const isInOrder = () => {
    const madeLater = new Set(liveTape().flatMap(node => node.outputs.map(t => t.id)));
    return liveTape().every(node => {
      const ok = Object.values(node.inputs).every(t => !madeLater.has(t.id));
      node.outputs.forEach(t => madeLater.delete(t.id));
      return ok;
    });
  };

  it('leaves a tape in order as it is', () => {
    taped(x => {
      tf.relu(tf.add(tf.mul(x, 2), tf.square(x)));
      const before = [...liveTape()];
      expect(isInOrder()).toBe(true);
      sortLiveTape();
      expect(liveTape()).toEqual(before);
    });
  });

  it('puts every operation after those that made its inputs, in the same array, losing none', () => {
    taped(x => {
      const softmax = tf.softmax(tf.tanh(tf.mul(tf.sigmoid(x), tf.max(tf.elu(x)))));
      tf.mul(softmax, 3);
      const tape = liveTape();
      const before = new Set(tape);
      expect(isInOrder()).toBe(false);
      sortLiveTape();
      expect(isInOrder()).toBe(true);
      expect(liveTape()).toBe(tape);
      expect(new Set(liveTape())).toEqual(before);
    });
  });

  it('changes nothing when called again', () => {
    taped(x => {
      tf.mul(tf.softmax(tf.tanh(x)), 2);
      sortLiveTape();
      const once = [...liveTape()];
      sortLiveTape();
      expect(liveTape()).toEqual(once);
    });
  });

  // x -> c . (d/dx dy . f(x)), the slope of which needs a second derivative.
  const functions: Array<[string, (x: tf.Tensor) => tf.Tensor]> = [
    ['softmax', x => tf.softmax(x)],
    ['tanh', x => tf.tanh(x)],
    ['sigmoid', x => tf.sigmoid(x)],
    ['elu', x => tf.elu(x)],
  ];
  // Away from 0, where the second derivative of elu jumps.
  const x = tf.tensor1d([0.5, -0.8, 1.3, -1.9, 0.2, -0.4]);
  const [c, dy] = [2, 4].map(seed => randomTensor([6], seed));

  function slopeOfSlope(f: (x: tf.Tensor) => tf.Tensor, repair: () => void): Float32Array {
    const inner = () => {
      const y = f(x);
      repair();
      const since = liveTape().length;
      const [g] = tf.engine().gradients(() => y, [x], dy, true).grads;
      dropPiecewiseConstant(since);
      return tf.sum(tf.mul(g, c));
    };
    return tf.tidy(() => {
      const [slope] = tf.engine().gradients(inner, [x], undefined, true).grads;
      return (slope?.dataSync() ?? new Float32Array(6)) as Float32Array;
    });
  }

  it.each(functions)('repairs the second derivative of %s, which is wrong without it', (_, f) => {
    const claimed = slopeOfSlope(f, sortLiveTape);
    const u = leaningDirection(claimed, 5);
    const first = (t: number) =>
      tf.tidy(() => {
        const moved = tf.add(x, tf.tensor(u.map(v => v * t)));
        const g = tf.grad(x => tf.sum(tf.mul(f(x), dy)))(moved);
        return tf.sum(tf.mul(g, c)).dataSync()[0];
      });
    const measured = slopeAtZero(first);
    expectClose([dot(claimed, u)], [measured], 1e-4);
    const wrong = dot(
      slopeOfSlope(f, () => {}),
      u,
    );
    expect(Math.abs(wrong - measured)).toBeGreaterThan(0.05 * Math.abs(measured));
  });
});
