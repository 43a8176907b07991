import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {
  ArgumentError,
  check,
  checkClasses,
  checkFinite,
  checkNorm,
  resolveLayer,
  resolveOptions,
} from '../../src/checks.js';
import type {MarginLayer, MarginOptions} from '../../src/types.js';
import {expectNoLeak, expectRefusal} from '../support/expect_no_leak.js';

const resolve = (options: unknown) => () => resolveOptions('f', options as MarginOptions);

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

describe('checkNorm', () => {
  it.each(['l1', 'l2', 'linf', 1, 1.5, 2, 1e6, Infinity])('takes %s', norm => {
    expect(() => checkNorm('f', norm)).not.toThrow();
  });

  it.each([0.999, 0, -2, NaN, -Infinity, 'L2', '2', null, undefined, [2]])('refuses %s', async norm => {
    await expectRefusal(() => checkNorm('f', norm), 'norm', 'p >= 1');
    await expectRefusal(() => checkNorm('f', norm, 'norm of layer a'), 'norm of layer a');
  });
});

describe('resolveOptions', () => {
  it('fills in the documented defaults', () => {
    expect(resolveOptions('f', {gamma: 2})).toEqual({
      ...{gamma: 2, norm: 'l2', scale: 1, scores: 'logits', topK: 1, rivals: 'top', aggregate: 'max'},
      ...{reduceLayers: 'sum', gradient: 'exact', clip: 4, epsilon: 1e-6, marginWeight: 1},
      ...{crossEntropyWeight: 1, seed: undefined, batchStatistics: 'constant'},
    });
  });

  it('keeps what is given', () => {
    const options: MarginOptions = {
      ...{gamma: 3, norm: 1.5, scale: 'size', scores: 'probabilities', topK: 4, rivals: 'random'},
      ...{aggregate: 'sum', reduceLayers: 'mean', gradient: 'firstOrder', clip: null, epsilon: 1e-8},
      ...{marginWeight: 0, crossEntropyWeight: 0, seed: -5, batchStatistics: 'differentiated'},
    };
    expect(resolveOptions('f', options)).toEqual(options);
  });

  it.each<[string, unknown]>([
    ['options', undefined],
    ['options', null],
    ['options', 3],
    ['options', {gamma: 1, gama: 2}],
    ['options', {gamma: 1, alpha: 2}],
    ...[undefined, 0, -1, NaN, Infinity, '1', null].map((gamma): [string, unknown] => ['gamma', {gamma}]),
    ...[0.5, NaN, 'l3'].map((norm): [string, unknown] => ['norm', {gamma: 1, norm}]),
    ...[0, -1, NaN, Infinity, 'units'].map((scale): [string, unknown] => ['scale', {gamma: 1, scale}]),
    ['scores', {gamma: 1, scores: 'softmax'}],
    ...[0, -1, 1.5, NaN, '1'].map((topK): [string, unknown] => ['topK', {gamma: 1, topK}]),
    ['rivals', {gamma: 1, rivals: 'all'}],
    ['aggregate', {gamma: 1, aggregate: 'mean'}],
    ['reduceLayers', {gamma: 1, reduceLayers: 'max'}],
    ['batchStatistics', {gamma: 1, batchStatistics: 'none'}],
    ['gradient', {gamma: 1, gradient: 'approximate'}],
    ...[0, -1, NaN, Infinity, 'none'].map((clip): [string, unknown] => ['clip', {gamma: 1, clip}]),
    ...[0, -1e-9, NaN, Infinity].map((epsilon): [string, unknown] => ['epsilon', {gamma: 1, epsilon}]),
    ...[-1, NaN, Infinity, '1'].flatMap((w): Array<[string, unknown]> => [
      ['marginWeight', {gamma: 1, marginWeight: w}],
      ['crossEntropyWeight', {gamma: 1, crossEntropyWeight: w}],
    ]),
    ...[0.5, NaN, Infinity, '3'].map((seed): [string, unknown] => ['seed', {gamma: 1, seed}]),
  ])('refuses a bad value of %s: %j', async (argument, options) => {
    await expectRefusal(resolve(options), argument, /^f: expected /);
  });

  it('lists the allowed values, and the known keys', async () => {
    await expectRefusal(resolve({gamma: 1, rivals: 'all'}), 'rivals', "'top' or 'random', got 'all'");
    await expectRefusal(resolve({gamma: 1, gama: 1}), 'options', 'gamma', 'crossEntropyWeight', "got 'gama'");
    await expectRefusal(resolve({gamma: 1, clip: 0}), 'clip', 'null means no cap');
  });
});

describe('resolveLayer', () => {
  const options = resolveOptions('f', {gamma: 2, norm: 'l1', scale: 3});

  it('takes from the options around what a layer leaves out', () => {
    expect(resolveLayer('f', {name: 'a'}, options)).toEqual({
      ...{name: 'a', gamma: 2, weight: 1, norm: 'l1', scale: 3},
    });
    const own = {name: 'a', gamma: 5, weight: 0, norm: 3, scale: 'size'} as const;
    expect(resolveLayer('f', own, options)).toEqual(own);
  });

  it.each<[string, object]>([
    ['gamma of layer a', {gamma: 0}],
    ['gamma of layer a', {gamma: NaN}],
    ['weight of layer a', {weight: -1}],
    ['weight of layer a', {weight: NaN}],
    ['norm of layer a', {norm: 0.5}],
    ['scale of layer a', {scale: 0}],
    ['layers: a', {clip: 4}],
  ])('refuses a bad %s: %j', async (argument, rest) => {
    await expectRefusal(() => resolveLayer('f', {name: 'a', ...rest} as MarginLayer, options), argument);
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
