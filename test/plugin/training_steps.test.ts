import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import type {MeasuredLoss} from '../../plugin/measure.js';
import {reportedScalars, testStep, trainStep} from '../../plugin/training_steps.js';
import {expectNoLeak} from '../support/expect_no_leak.js';

// It keeps its rate in a tensor.
const optimizer = tf.train.sgd(0.1);
const weight = tf.variable(tf.scalar(3), true, 'training_steps/weight');

/** loss = w^2, with a label loss of w and a margin of w^2 - w at one layer. */
function measure(): MeasuredLoss {
  const loss = tf.square(weight) as tf.Scalar;
  const crossEntropy = tf.mul(weight, 1) as tf.Scalar;
  const margin = tf.sub(loss, crossEntropy) as tf.Scalar;
  const terms = {loss, crossEntropy, margin, layers: {input: tf.mul(margin, 1) as tf.Scalar}};
  return {terms, outputs: [tf.mul(weight, 2)], outputLosses: [crossEntropy]};
}
const report = (measured: MeasuredLoss) =>
  reportedScalars(measured, [tf.scalar(1)], [[(y, out) => tf.sub(out, y), 0]]);

describe('a training step', () => {
  it('returns the loss, the metrics, the label loss, the margin and its terms, and moves the weight', () => {
    weight.assign(tf.scalar(3));
    const values = expectNoLeak(() => trainStep(optimizer, [weight], measure, report));
    // loss 9; metric 2 * 3 - 1 = 5; label loss 3; margin 6; layer 6. Gradient 2 w = 6: 3 - 0.1 * 6 = 2.4.
    expect(values.map(value => value.dataSync()[0])).toEqual([9, 5, 3, 6, 6]);
    expect(weight.dataSync()[0]).toBeCloseTo(2.4, 6);
  });

  it('leaves nothing behind when the measurement or the report throws', () => {
    const broken = () => {
      throw new Error('planted');
    };
    const before = weight.dataSync()[0];
    expectNoLeak(() => {
      expect(() => trainStep(optimizer, [weight], () => (measure(), broken()), report)).toThrow('planted');
      expect(() => trainStep(optimizer, [weight], measure, m => (report(m), broken()))).toThrow('planted');
      expect(() => testStep(() => (measure(), broken()), report)).toThrow('planted');
      return undefined;
    });
    expect(weight.dataSync()[0]).toBe(before);
  });

  it('leaves nothing behind when the way back throws, after all was reported, nor averages moved', () => {
    const noWayBack = tf.customGrad(x => ({
      value: tf.clone(x as tf.Tensor),
      gradFunc: () => {
        throw new Error('planted');
      },
    }));
    const before = weight.dataSync()[0];
    const average = tf.variable(tf.scalar(1), false, 'training_steps/average');
    const run = () => {
      average.assign(tf.scalar(2));
      const measured = measure();
      return {...measured, terms: {...measured.terms, loss: noWayBack(measured.terms.loss) as tf.Scalar}};
    };
    expectNoLeak(() => {
      expect(() => trainStep(optimizer, [weight], run, report, [average])).toThrow('planted');
      return undefined;
    });
    expect(weight.dataSync()[0]).toBe(before);
    expect(average.dataSync()[0]).toBe(1);
    average.dispose();
  });
});

describe('a test step', () => {
  it('returns the same without a step', () => {
    weight.assign(tf.scalar(3));
    const values = expectNoLeak(() => testStep(measure, report));
    expect(values.map(value => value.dataSync()[0])).toEqual([9, 5, 3, 6, 6]);
    expect(weight.dataSync()[0]).toBe(3);
  });

  it('reports the label loss of each of several outputs in place of their metrics', () => {
    const several = (): MeasuredLoss => {
      const one = measure();
      return {...one, outputs: [one.outputs[0], tf.scalar(0)], outputLosses: [tf.scalar(7), tf.scalar(8)]};
    };
    const unused = () => tf.scalar(NaN);
    const metrics: Parameters<typeof reportedScalars>[2] = [
      [unused, 0],
      [unused, 1],
    ];
    const values = testStep(several, measured =>
      reportedScalars(measured, [tf.scalar(1), tf.scalar(1)], metrics),
    );
    expect(values.map(value => value.dataSync()[0])).toEqual([9, 7, 8, 3, 6, 6]);
  });
});
