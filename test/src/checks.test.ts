import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {ArgumentError, check, checkClasses, checkFinite, checkKeys, checkNorm} from '../../src/checks.js';
import {expectNoLeak, expectRefusal} from '../support/expect_no_leak.js';

describe('ArgumentError', () => {
  it('says who expected what and what came, and the way out where there is one', () => {
    const error = new ArgumentError('f', 'gamma', 'to be > 0', -1, 'try 1');
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.argument]).toEqual(['ArgumentError', 'gamma']);
    expect(error.message).toBe('f: expected gamma to be > 0, got -1; try 1');
    expect(new ArgumentError('f', 'x', 'y', 'z').message).toBe("f: expected x y, got 'z'");
  });

  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [NaN, 'NaN'],
    ['a', "'a'"],
    [[1, 'a'], "[1, 'a']"],
    [{a: 1}, '{"a":1}'],
  ])('shows %s as the caller would write it', (value, shown) => {
    expect(new ArgumentError('f', 'x', 'y', value).message).toBe(`f: expected x y, got ${shown}`);
  });
});

describe('check', () => {
  it('throws unless ok', () => {
    expect(() => check(true, 'f', 'x', 'y', 1)).not.toThrow();
    expect(() => check(false, 'f', 'x', 'y', 1)).toThrow(ArgumentError);
  });
});

describe('checkKeys', () => {
  it('passes an object with keys that are known', () => {
    expect(checkKeys('noise', 'options', {seed: 1}, ['seed', 'draws'])).toBeUndefined();
  });

  it.each([undefined, null, 3])('refuses %s, and says what is expected', async value => {
    await expectRefusal(() => checkKeys('noise', 'options', value, []), 'options', 'to be an object');
    await expectRefusal(() => checkKeys('noise', 'x', value, [], 'to be a thing'), 'x', 'to be a thing');
  });

  it('refuses keys that would be ignored, and says which there are', async () => {
    const options = {seed: 1, norm: 'l2', step: 1};
    await expectRefusal(
      () => checkKeys('noise', 'options', options, ['seed', 'draws']),
      'options',
      /seed, draws, got 'norm, step'/,
    );
  });
});

describe('checkNorm', () => {
  it.each(['l1', 'l2', 'linf', 1, 1.5, 2, 1e6, Infinity])('takes %s', norm => {
    expect(() => checkNorm('f', norm)).not.toThrow();
  });

  it.each([0.999, 0, -2, NaN, -Infinity, 'L2', '2', null, undefined, [2]])('refuses %s', async norm => {
    await expectRefusal(() => checkNorm('f', norm), 'norm', 'p >= 1');
    await expectRefusal(() => checkNorm('f', norm, 'norm of layer a'), 'norm of layer a');
  });
});

describe('checkClasses', () => {
  it('takes topK up to classes - 1', () => {
    expect(() => checkClasses('f', 3, 2)).not.toThrow();
  });

  it.each([1, 0, null])('refuses %s classes', async classes => {
    await expectRefusal(() => checkClasses('f', classes, 1), 'logits', 'at least 2 classes');
  });

  it('refuses topK from classes on and names the range', async () => {
    await expectRefusal(() => checkClasses('f', 3, 3), 'topK', '1..2', 'got 3');
  });
});

describe('checkFinite', () => {
  it('takes finite and integer tensors and leaves no tensor behind', () => {
    const [x, i] = [tf.tensor1d([1e38, -1e38, 0]), tf.tensor1d([1, 2], 'int32')];
    expectNoLeak(() => checkFinite('f', 'x', x));
    expectNoLeak(() => checkFinite('f', 'x', i));
    tf.dispose([x, i]);
  });

  it.each([NaN, Infinity, -Infinity])('refuses a tensor with one %s', async value => {
    const x = tf.tensor2d([[1, 2, 3, value]]);
    await expectRefusal(() => checkFinite('f', 'x', x), 'x', 'finite', 'clean the data first');
    await expectRefusal(() => checkFinite('f', 'x', x, 'look there'), 'x', 'look there');
    x.dispose();
  });
});
