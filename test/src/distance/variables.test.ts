import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {registeredVariables, variableByName} from '../../../src/distance/variables.js';

describe('a variable by its name', () => {
  it('is the registered one, until it is disposed of', () => {
    const v = tf.variable(tf.scalar(1), true, 'variables/v');
    expect(variableByName('variables/v')).toBe(v);
    v.dispose();
    expect(variableByName('variables/v')).toBeUndefined();
  });

  it('is another one where the name was given again', () => {
    const first = tf.variable(tf.scalar(1), true, 'variables/again');
    first.dispose();
    const second = tf.variable(tf.scalar(2), true, 'variables/again');
    expect(variableByName('variables/again')).toBe(second);
    second.dispose();
  });

  it('is none for a name that only every object knows', () => {
    expect(variableByName('constructor')).toBeUndefined();
    expect(variableByName('__proto__')).toBeUndefined();
  });
});

describe('registeredVariables', () => {
  it('are those that there are, trainable or not, until they are disposed of', () => {
    const before = registeredVariables().length;
    const made = [true, false].map(trainable => tf.tidy(() => tf.variable(tf.scalar(1), trainable)));
    expect(registeredVariables().slice(before)).toEqual(made);
    tf.dispose(made);
    expect(registeredVariables()).toHaveLength(before);
  });
});
