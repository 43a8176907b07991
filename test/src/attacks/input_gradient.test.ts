import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {inputGradient} from '../../../src/attacks/input_gradient.js';
import {Search, type Task} from '../../../src/attacks/search.js';
import type {Classifier} from '../../../src/types.js';
import {classesOf, forThisFile, rowWiseNet} from '../../support/attacked_nets.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';

const net = rowWiseNet(6, 3, 71);
const x = forThisFile(randomTensor([5, 2, 3], 72));
const labels = classesOf(net, x);
const y = forThisFile(tf.oneHot(tf.tensor1d(labels, 'int32'), 3).cast('float32')) as tf.Tensor2D;

function searchFor(classifier: Classifier, targeted = false): Search {
  const task: Task = {
    caller: 'toy',
    classifier,
    classes: 3,
    norm: 'linf',
    bounds: [0, 1],
    targeted,
    epsilon: 1,
    noteGradient: () => undefined,
    step: () => Promise.resolve(),
  };
  return new Search(task, x, Int32Array.from(labels), [0, 1, 2, 3, 4]);
}

const crossEntropies = (at: tf.Tensor) => tf.neg(tf.sum(tf.mul(y, tf.logSoftmax(net(at))), 1));
const expected = (sign = 1) =>
  tf.tidy(() => tf.mul(tf.grad(at => tf.sum(crossEntropies(at)))(x), sign).dataSync());

describe('one look at the net', () => {
  it.each([
    [false, 1],
    [true, -1],
  ])(
    'gives the gradient of the cross-entropy, its values and the logits (targeted: %s)',
    async (targeted, sign) => {
      const {gradient, values, logits, health} = await expectNoLeakAsync(() =>
        inputGradient(searchFor(net, targeted), x, 'crossEntropy'),
      );
      expect(gradient.shape).toEqual(x.shape);
      expectClose(gradient.dataSync(), expected(sign), 2e-6);
      expectClose(
        values,
        tf.tidy(() => tf.mul(crossEntropies(x), sign).dataSync()),
        1e-6,
      );
      expect(logits).toEqual(tf.tidy(() => net(x).dataSync()));
      expect(health).toEqual(new Array(5).fill('sound'));
      gradient.dispose();
    },
  );

  it('takes a gradient for sound whose sizes add up to more than float32 holds', async () => {
    // Six slopes of 0.6e38 or twice as much: 3.6e38 and more, where float32 ends at 3.4e38.
    const column = (slope: number) => tf.fill([6, 1], slope);
    const steep: Classifier = at =>
      tf.tidy(() =>
        tf.matMul(tf.reshape(at, [5, 6]), tf.concat([column(6e37), column(-6e37), column(0)], 1)),
      );
    const {gradient, health} = await inputGradient(searchFor(steep), x, 'logitMargin');
    expect(health).toEqual(new Array(5).fill('sound'));
    const rows = tf.tidy(() => tf.sum(tf.abs(tf.reshape(gradient, [5, 6])), 1).dataSync());
    expect(rows).toEqual(new Float32Array(5).fill(Infinity));
    gradient.dispose();
  });

  it("climbs the net's own loss", async () => {
    const own: Classifier = Object.assign((at: tf.Tensor) => net(at), {
      ownLoss: (at: tf.Tensor, rows: tf.Tensor2D) => {
        const logits = net(at);
        return {logits, losses: tf.neg(tf.sum(tf.mul(rows, tf.logSoftmax(logits)), 1))};
      },
    });
    for (const sign of [1, -1]) {
      const {gradient, values} = await expectNoLeakAsync(() =>
        inputGradient(searchFor(own, sign < 0), x, 'own'),
      );
      expectClose(gradient.dataSync(), expected(sign), 2e-6);
      expectClose(
        values,
        tf.tidy(() => tf.mul(crossEntropies(x), sign).dataSync()),
        1e-6,
      );
      gradient.dispose();
    }
  });

  it('refuses an own loss that brings no logits, or has no gradient', async () => {
    const withLoss = (ownLoss: unknown) => Object.assign((at: tf.Tensor) => net(at), {ownLoss}) as Classifier;
    const short = withLoss((at: tf.Tensor) => ({logits: tf.zeros([5, 2]), losses: tf.sum(at, [1, 2])}));
    await expectRefusal(() => inputGradient(searchFor(short), x, 'own'), 'classifier', '[5, 3]');
    const blind = withLoss((at: tf.Tensor) => ({logits: net(at), losses: tf.zeros([5])}));
    await expectRefusal(
      () => inputGradient(searchFor(blind), x, 'own'),
      'classifier',
      'to compute its result from x',
    );
  });

  it('runs, forward and back, in the scope that the classifier wants', async () => {
    let [isWithin, backwardsWithin] = [false, false];
    const watch = tf.customGrad(x => ({
      value: tf.clone(x as tf.Tensor),
      gradFunc: (dy: tf.Tensor) => {
        backwardsWithin = isWithin;
        return dy;
      },
    }));
    const classifier: Classifier = Object.assign((at: tf.Tensor) => tf.tidy(() => net(watch(at))), {
      within: <T>(f: () => T) => {
        isWithin = true;
        try {
          return f();
        } finally {
          isWithin = false;
        }
      },
    });
    (await inputGradient(searchFor(classifier), x, 'logitMargin')).gradient.dispose();
    expect(backwardsWithin).toBe(true);
  });

  it('takes a softmax between layers and a pool, which tfjs differentiates wrongly on some engines', async () => {
    const mixing: Classifier = at =>
      tf.tidy(() => {
        const pooled = tf.maxPool(
          tf.reshape(tf.softmax(at), [5, 2, 3, 1]) as tf.Tensor4D,
          [2, 1],
          1,
          'valid',
        );
        return tf.mul(tf.reshape(pooled, [5, 3]), 3);
      });
    const {gradient} = await expectNoLeakAsync(() => inputGradient(searchFor(mixing), x, 'crossEntropy'));
    const total = (at: tf.Tensor) =>
      tf.tidy(() => tf.neg(tf.sum(tf.mul(y, tf.logSoftmax(mixing(at) as tf.Tensor2D)))).dataSync()[0]);
    const values = x.dataSync();
    const h = 1e-2;
    const slopes = Array.from(values, (_, i) => {
      const [above, below] = [h, -h].map(step => {
        const moved = Float32Array.from(values);
        moved[i] += step;
        return total(tf.tensor(moved, x.shape));
      });
      return (above - below) / (2 * h);
    });
    expectClose(gradient.dataSync(), slopes, 2e-3);
    gradient.dispose();
  });
});
