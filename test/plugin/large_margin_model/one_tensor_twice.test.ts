import * as tf from '@tensorflow/tfjs-core';
import {input, layers, model as tfModel, type SymbolicTensor} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel, largeMarginLoss} from '../../../plugin/index.js';
import {errorOf, expectNoLeak} from '../../support/expect_no_leak.js';
import {expectClose} from '../../support/expect_close.js';
import {randomTensor} from '../../support/randoms.js';
import {labelsOf, seeded} from '../../support/tiny_models.js';

const labels = labelsOf([0, 1, 2, 1]);

describe('one tensor given for two inputs', () => {
  it('has the margins that two equal tensors have', () => {
    const [a, b] = [input({shape: [4], name: 'a'}), input({shape: [4], name: 'b'})];
    const dense = (name: string) => layers.dense({units: 3, name});
    const parts = [dense('da').apply(a), dense('db').apply(b)] as SymbolicTensor[];
    const base = seeded(tfModel({inputs: [a, b], outputs: layers.add().apply(parts) as SymbolicTensor}));
    const model = new LargeMarginModel(base, {gamma: 1, layers: ['a', 'b']});
    const x = randomTensor([4, 4], 1);
    const terms = (xs: tf.Tensor[]) =>
      tf.tidy(() => Object.values(model.computeLoss(xs, labels).layers).map(t => t.dataSync()[0]));
    expectClose(terms([x, x]), terms([x, tf.clone(x)]), 1e-6);
  });
});

describe('a refusal on a user tape', () => {
  it('leaves behind only what tfjs itself leaves when a function throws', async () => {
    const w = tf.variable(randomTensor<tf.Tensor2D>([4, 3], 2));
    const x = randomTensor<tf.Tensor2D>([4, 4], 1);
    const forward = () => {
      // tfjs's gradient of prod has none of its own.
      const hidden = tf.sin(x);
      const twisted = tf.mul(hidden, tf.prod(hidden, 1, true)) as tf.Tensor2D;
      return {
        hidden,
        logits: tf.matMul(twisted, w as unknown as tf.Tensor2D) as tf.Tensor2D,
      };
    };
    const left = async (inside: () => tf.Scalar) => {
      const before = tf.memory().numTensors;
      expect(await errorOf(() => tf.variableGrads(inside))).toBeInstanceOf(Error);
      return tf.memory().numTensors - before;
    };
    const plain = await left(() => {
      forward();
      throw new Error('planted');
    });
    const ours = await left(() => {
      const {hidden, logits} = forward();
      return largeMarginLoss(labels, logits, {hidden}, {gamma: 1}).loss;
    });
    expect(ours).toBe(plain);
  });

  it('does not move the stream of random rivals', async () => {
    const base = seeded(tfModelOf());
    const model = new LargeMarginModel(base, {gamma: 1, rivals: 'random', seed: 3, gradient: 'firstOrder'});
    const twin = new LargeMarginModel(base, {gamma: 1, rivals: 'random', seed: 3, gradient: 'firstOrder'});
    const x = randomTensor([4, 4], 1);
    await errorOf(() => model.computeLoss(tf.fill([4, 4], NaN), labels));
    const value = (m: LargeMarginModel) => tf.tidy(() => m.computeLoss(x, labels).loss.dataSync()[0]);
    expect(expectNoLeak(() => value(model))).toBe(value(twin));
  });
});

function tfModelOf() {
  const x = input({shape: [4]});
  return tfModel({inputs: x, outputs: layers.dense({units: 3}).apply(x) as SymbolicTensor});
}
