import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import '../../plugin/register.js';
import {StepMargin, type Differentiated} from '../../plugin/step_margin.js';
import {largeMarginLoss} from '../../src/index.js';
import {expectClose} from '../support/expect_close.js';
import {expectNoLeak, expectRefusal} from '../support/expect_no_leak.js';
import {denseNet, labelsOf} from '../support/tiny_models.js';

const OPTIONS = {gamma: 4, clip: null} as const;
const stream = {seed: 1, steps: 0};
const h = tf.tensor2d([[1], [2]]);
const w = tf.variable(tf.tensor2d([[2, -2]]));
const labels = tf.tensor1d([0, 1], 'int32');

/** A function that shows its step; its cost is 3 w_0. */
const shown = (margin: StepMargin) => () => {
  const logits = tf.matMul(h, w as tf.Tensor as tf.Tensor2D) as tf.Tensor2D;
  margin.observe({labels, logits, activations: {h}});
  return tf.sum(tf.mul(w, tf.tensor2d([[3, 0]]))) as tf.Scalar;
};

const numbersOf = ({value, grads, terms}: Differentiated) => ({
  value: value.dataSync()[0],
  gradient: Array.from(grads[w.name].dataSync()),
  terms: Object.fromEntries(Object.entries(terms).map(([name, term]) => [name, term.dataSync()[0]])),
});

describe('a step margin', () => {
  it('is added to the cost of a function that shows its step', () => {
    const margin = new StepMargin('f', {...OPTIONS, crossEntropyWeight: 0.5, marginWeight: 2});
    const result = margin.differentiate(shown(margin), stream);
    // The distance is h: 1, and -2 where the label is the other class. gamma 4: 4 - 1 and 4 + 2, the mean 4.5. Its
    // gradient is 0, for the distance does not depend on the size of w. 0.5 x 6 + 2 x 4.5.
    const {value, gradient, terms} = numbersOf(result);
    expectClose([value], [12], 1e-5);
    expectClose(gradient, [1.5, 0], 1e-4);
    expect(Object.keys(terms)).toEqual(['crossEntropy', 'margin_h', 'margin']);
    expectClose(Object.values(terms), [6, 4.5, 4.5], 1e-5);
    expect(result.reported).toEqual([]);
    tf.dispose([result.value, result.grads, result.terms]);
  });

  it('counts steps by the stream that it is given', () => {
    const gamma = {name: 'delay', steps: 5, before: 4, then: 6} as const;
    const margin = new StepMargin('f', {...OPTIONS, gamma});
    const at = (steps: number) => {
      const result = margin.differentiate(shown(margin), {seed: 1, steps});
      const {margin: term} = numbersOf(result).terms;
      tf.dispose([result.value, result.grads, result.terms]);
      return term;
    };
    expectClose([at(4), at(5)], [4.5, 6.5], 1e-5);
  });

  it('may be the function’s own, where there are no options', () => {
    const margin = new StepMargin('f');
    expect([margin.isWanted, new StepMargin('f', {}).isWanted]).toEqual([false, true]);
    const own = () => {
      const logits = tf.matMul(h, w as tf.Tensor as tf.Tensor2D) as tf.Tensor2D;
      return largeMarginLoss(labels, logits, {h}, {...OPTIONS, crossEntropyWeight: 0}).loss;
    };
    const result = margin.differentiate(own, stream);
    expectClose([numbersOf(result).value], [4.5], 1e-5);
    expect(result.terms).toEqual({});
    tf.dispose([result.value, result.grads]);
  });

  it('gives what variableGrads gives, for the variables that are asked for', () => {
    const margin = new StepMargin('f', OPTIONS);
    const other = tf.variable(tf.scalar(1));
    const f = () => tf.mul(shown(margin)(), other) as tf.Scalar;
    const result = margin.differentiate(f, stream, [other]);
    expect(Object.keys(result.grads)).toEqual([other.name]);
    expectClose(result.grads[other.name].dataSync(), [6], 1e-6);
    tf.dispose([result.value, result.grads, result.terms, other]);
  });

  it('leaves no tensor but its result, and none at all after an error', async () => {
    const margin = new StepMargin('f', OPTIONS);
    const result = expectNoLeak(() => ({...margin.differentiate(shown(margin), stream)}));
    tf.dispose([result.value, result.grads, result.terms]);
    const failures: Array<() => tf.Scalar> = [
      () => (shown(margin)(), tf.tensor1d([1]) as unknown as tf.Scalar),
      () => {
        shown(margin)();
        throw new Error('planted');
      },
      () => tf.mul(shown(margin)(), tf.ones([2])) as unknown as tf.Scalar,
    ];
    for (const f of failures)
      expectNoLeak(() => void expect(() => margin.differentiate(f, stream)).toThrow());
    await expectRefusal(
      () => margin.differentiate(() => tf.sum(w) as tf.Scalar, stream),
      'the function f',
      'f',
    );
  });

  it('forgets what was shown in a step that failed', async () => {
    const margin = new StepMargin('f', OPTIONS);
    const failing = () => {
      shown(margin)();
      throw new Error('planted');
    };
    expect(() => margin.differentiate(failing, stream)).toThrow('planted');
    await expectRefusal(() => margin.differentiate(() => tf.sum(w) as tf.Scalar, stream), 'the function f');
    await expectRefusal(() => margin.observe({labels}), 'the call', 'inside minimize');
  });

  it('attaches a model only where it is wanted', async () => {
    const model = denseNet();
    await expectRefusal(() => new StepMargin('f').attach(model), 'options', 'f');
    new StepMargin('f', {gamma: 1}).attach(model);
    // To stop training is nothing where no model is attached.
    new StepMargin('f', {gamma: 1}).stopTraining();
  });

  it('takes an attached model’s own outputs for the logits where labels alone are shown', () => {
    const margin = new StepMargin('f', {gamma: 2});
    const net = denseNet();
    margin.attach(net);
    const [x, y] = [tf.ones([3, 4]), labelsOf([0, 1, 2])];
    const result = margin.differentiate(() => {
      const outputs = net.apply(x) as tf.Tensor;
      margin.observe({labels: y});
      return tf.mean(outputs) as tf.Scalar;
    }, stream);
    expect(Object.keys(result.terms)).toEqual(['crossEntropy', 'margin_input', 'margin_hidden1', 'margin']);
    // Probabilities of three classes have the mean 1/3.
    expectClose(result.terms.crossEntropy.dataSync(), [1 / 3], 1e-6);
    tf.dispose([x, y, result.value, result.grads, result.terms]);
  });
});
