import * as tf from '@tensorflow/tfjs-core';
import {afterEach, describe, expect, it, vi} from 'vitest';
import '../../../../plugin/gradients/index.js';
import {largeMarginLoss, observedLoss, tapeHasMargin, type LargeMarginLoss} from '../../../../src/index.js';
import {expectClose} from '../../../support/expect_close.js';
import {taped} from '../../../support/taped.js';

// What other doors than the function itself ask of it.

const labels = tf.tensor1d([0, 1], 'int32');
const OPTIONS = {gamma: 4, clip: null} as const;

/** Scores h and -h of h = 1, 2, labels 0 and 1: distances 1 and -2. With gamma 4 the penalties are 3 and 6. */
function scores() {
  const h = tf.tensor2d([[1], [2]]);
  return {h, logits: tf.matMul(h, tf.tensor2d([[1, -1]])) as tf.Tensor2D};
}

const valuesOf = ({loss, crossEntropy, margin}: LargeMarginLoss) =>
  [loss, crossEntropy, margin].map(t => t.dataSync()[0]);

afterEach(() => void vi.restoreAllMocks());

describe('observedLoss', () => {
  it('is largeMarginLoss where nothing is brought along', () => {
    taped(() => {
      const {h, logits} = scores();
      const ours = observedLoss('f', labels, logits, {h}, OPTIONS);
      expect(valuesOf(ours)).toEqual(valuesOf(largeMarginLoss(labels, logits, {h}, OPTIONS)));
    });
  });

  it('takes a label loss, and weights of the examples for the margin', () => {
    taped(() => {
      const {h, logits} = scores();
      const extras = {labelLoss: tf.scalar(10), exampleWeights: tf.tensor1d([2, 0.5])};
      const options = {...OPTIONS, crossEntropyWeight: 0.1, marginWeight: 3};
      // (2 x 3 + 0.5 x 6) / 2 = 4.5; 0.1 x 10 + 3 x 4.5.
      const ours = observedLoss('f', labels, logits, {h}, options, {}, extras);
      expectClose(valuesOf(ours), [14.5, 10, 4.5], 1e-5);
    });
  });

  it('takes the step of the moment beside options that stay', () => {
    const gamma = {name: 'delay', steps: 3, before: 4, then: 6} as const;
    taped(() => {
      const {h, logits} = scores();
      const at = (step: number) =>
        valuesOf(observedLoss('f', labels, logits, {h}, {...OPTIONS, gamma}, {step}))[2];
      // gamma 4: (3 + 6) / 2; gamma 6: (5 + 8) / 2.
      expectClose([at(2), at(3)], [4.5, 6.5], 1e-5);
    });
  });

  it('warns once for each options object, however many steps there are, by the name of the door', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const options = {...OPTIONS, gradient: 'firstOrder', crossEntropyWeight: 0} as const;
    taped(() => {
      const {h, logits} = scores();
      for (let step = 0; step < 3; step++)
        observedLoss('f', labels, logits, {h}, options, {seed: step, step});
    });
    expect(warn.mock.calls.map(String)).toEqual([expect.stringMatching(/^f: /)]);
  });
});

describe('tapeHasMargin', () => {
  const margin = () => {
    const {h, logits} = scores();
    return largeMarginLoss(labels, logits, {h}, OPTIONS);
  };

  it('counts the margins on the live tape, and none where there is no tape', () => {
    taped(() => {
      expect([tapeHasMargin(), tapeHasMargin(2)]).toEqual([false, false]);
      margin();
      expect([tapeHasMargin(), tapeHasMargin(2)]).toEqual([true, false]);
      margin();
      expect([tapeHasMargin(), tapeHasMargin(2), tapeHasMargin(3)]).toEqual([true, true, false]);
    });
    expect(tapeHasMargin()).toBe(false);
    taped(() => expect(tapeHasMargin()).toBe(false));
  });

  it('counts one whose weight is 0, and none that failed', () => {
    taped(() => {
      const {h, logits} = scores();
      largeMarginLoss(labels, logits, {h}, {...OPTIONS, marginWeight: 0});
      expect(tapeHasMargin()).toBe(true);
    });
    taped(() => {
      const {h, logits} = scores();
      expect(() => largeMarginLoss(labels, logits, {h, other: tf.ones([2, 1])}, OPTIONS)).toThrow('other');
      expect(tapeHasMargin()).toBe(false);
    });
  });
});
