import {describe, expect, it} from 'vitest';
import {checkStep, resolveLayer, resolveOptions} from '../../src/options.js';
import {schedules} from '../../src/schedules.js';
import type {MarginLayer, MarginOptions} from '../../src/types.js';
import {expectRefusal} from '../support/expect_no_leak.js';

const {piecewiseConstant} = schedules;
const resolve = (options: unknown) => () => resolveOptions('f', options as MarginOptions);

describe('resolveOptions', () => {
  it('fills in the documented defaults', () => {
    expect(resolveOptions('f', {gamma: 2})).toEqual({
      ...{gamma: 2, norm: 'l2', scale: 1, scores: 'logits', topK: 1, rivals: 'top', aggregate: 'max'},
      ...{reduceLayers: 'sum', gradient: 'exact', clip: 4, epsilon: 1e-6, marginWeight: 1},
      ...{crossEntropyWeight: 1, labelSmoothing: 0, batchStatistics: 'constant'},
      ...{seed: undefined, step: undefined},
    });
  });

  it('keeps what is given', () => {
    const options: MarginOptions = {
      ...{gamma: 3, norm: 1.5, scale: 'size', scores: 'probabilities', topK: 4, rivals: 'random'},
      ...{aggregate: 'sum', reduceLayers: 'mean', gradient: 'firstOrder', clip: null, epsilon: 1e-8},
      ...{marginWeight: 0, crossEntropyWeight: 0, seed: -5, batchStatistics: 'differentiated'},
      ...{labelSmoothing: 0.1, step: 7},
    };
    expect(resolveOptions('f', options)).toEqual(options);
  });

  it.each<[string, unknown]>([
    ['options', undefined],
    ['options', null],
    ['options', 3],
    ['options', {gamma: 1, gama: 2}],
    ['options', {gamma: 1, alpha: 2}],
    ...[0, -1, NaN, Infinity, '1', null].map((gamma): [string, unknown] => ['gamma', {gamma}]),
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
    ...[-1, 0.5, NaN, '3'].map((step): [string, unknown] => ['step', {gamma: 1, step}]),
    ...[-0.1, 1, NaN, '0'].map((s): [string, unknown] => ['labelSmoothing', {gamma: 1, labelSmoothing: s}]),
    ['gamma.before', {gamma: {name: 'delay', steps: 5, then: 1}}],
    [
      'marginWeight.values[1]',
      {gamma: 1, marginWeight: piecewiseConstant({boundaries: [1], values: [0, -1]})},
    ],
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

  it('asks for a gamma where neither the layer nor the options around have one', async () => {
    const without = resolveOptions('f', {});
    const wayOut = 'start with 1 for l2';
    await expectRefusal(() => resolveLayer('f', {name: 'a'}, without), 'gamma', 'got undefined', wayOut);
    expect(resolveLayer('f', {name: 'a', gamma: 3}, without).gamma).toBe(3);
  });
});

describe('checkStep', () => {
  const late = schedules.delay({steps: 5, then: 1});

  it('wants a step where, and only where, something changes with it', async () => {
    const check = (options: MarginOptions, layer: Partial<MarginLayer> = {}) => {
      const resolved = resolveOptions('f', {gamma: 1, ...options});
      checkStep('f', [resolveLayer('f', {name: 'a', ...layer}, resolved)], resolved);
    };
    check({});
    check({marginWeight: late, step: 0});
    const gamma = schedules.warmUp({steps: 5, from: 1, then: 2});
    const wanting: Array<[MarginOptions, Partial<MarginLayer>]> = [
      [{marginWeight: late}, {}],
      [{crossEntropyWeight: late}, {}],
      [{gamma}, {}],
      [{}, {gamma}],
      [{}, {weight: late}],
    ];
    for (const [options, layer] of wanting) {
      await expectRefusal(() => check(options, layer), 'step', 'count your steps from 0');
    }
  });
});
