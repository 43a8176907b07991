import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {faultIn, keepTerms, type StepTerms} from '../../plugin/step_terms.js';
import {expectNoLeak} from '../support/expect_no_leak.js';

const scalars = (values: Record<string, number>): StepTerms =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, tf.scalar(value)]));
const gradients = (values: Record<string, number[]>) =>
  Object.entries(values).map(([name, list]) => ({name, tensor: tf.tensor1d(list)}));

describe('keepTerms', () => {
  it('copies terms under the names of histories, parts before their sum, and lets them outlive a tidy', () => {
    const terms = tf.tidy(() => {
      const layers = {input: tf.scalar(1), 'block/conv': tf.scalar(2)};
      return {kept: [keepTerms({crossEntropy: tf.scalar(3), margin: tf.scalar(4), layers})]};
    });
    const [kept] = terms.kept;
    expect(Object.entries(kept).map(([name, term]) => [name, term.dataSync()[0]])).toEqual([
      ['crossEntropy', 3],
      ['margin_input', 1],
      ['margin_block/conv', 2],
      ['margin', 4],
    ]);
    tf.dispose(kept);
  });

  it('leaves no tensor but those that it returns, and nothing on the tape', () => {
    const v = tf.variable(tf.scalar(2));
    const terms = {crossEntropy: tf.scalar(3), margin: tf.scalar(4), layers: {}};
    let kept: StepTerms = {};
    let nodes = 0;
    expectNoLeak(() => {
      const {value, grads} = tf.variableGrads(() => {
        const before = tf.engine().state.activeTape.length;
        kept = keepTerms(terms);
        nodes = tf.engine().state.activeTape.length - before;
        return tf.square(v) as tf.Scalar;
      });
      tf.dispose([value, grads]);
      return kept;
    });
    expect(nodes).toBe(0);
    tf.dispose([v, terms, kept]);
  });
});

describe('faultIn', () => {
  const sound = {gradients: gradients({w: [1, 2], b: [0]}), value: tf.scalar(1), learningRate: 0.1};
  const terms = (changes: Record<string, number> = {}) =>
    scalars({crossEntropy: 1, margin_input: 2, margin_conv: 3, margin: 5, ...changes});

  it('finds nothing in a sound step, however large its numbers are', () => {
    expect(faultIn(0, {...sound, terms: terms()})).toBeUndefined();
    expect(faultIn(0, {gradients: gradients({w: [3e38, 3e38, -3e38]})})).toBeUndefined();
    expect(faultIn(0, {gradients: []})).toBeUndefined();
  });

  it.each([NaN, Infinity, -Infinity])('tells where %d is, the term before the gradient', bad => {
    const value = tf.scalar(bad);
    const spoilt = gradients({w: [1, 2], b: [bad]});
    const fault = (parts: object) => faultIn(7, {...sound, ...parts});
    expect(fault({value, gradients: spoilt, terms: terms({crossEntropy: bad})})).toEqual({
      step: 7,
      term: 'crossEntropy',
    });
    expect(fault({value, terms: terms({margin_conv: bad, margin: bad})})).toEqual({
      step: 7,
      term: 'margin_conv',
      layer: 'conv',
    });
    expect(fault({value, terms: terms({margin: bad})})).toEqual({step: 7, term: 'margin'});
    // What else is minimized, such as a regularizer.
    expect(fault({value, terms: terms()})).toEqual({step: 7, term: 'loss'});
    expect(fault({gradients: spoilt, terms: terms()})).toEqual({step: 7, variable: 'b'});
    expect(fault({learningRate: bad})).toEqual({step: 7, term: 'learningRate'});
  });

  it('knows a variable that is called loss', () => {
    expect(faultIn(0, {...sound, gradients: gradients({loss: [NaN]})})).toEqual({step: 0, variable: 'loss'});
  });

  it('leaves no tensor behind', () => {
    const parts = {...sound, gradients: gradients({w: [NaN]}), terms: terms()};
    expectNoLeak(() => void faultIn(0, parts));
  });
});
