import {describe, expect, it} from 'vitest';
import {optionsFromSplitConfig, splitOptions, splitToConfig} from '../../plugin/optimizer_options.js';
import {schedules} from '../../src/index.js';
import {expectRefusal} from '../support/expect_no_leak.js';
import {denseNet} from '../support/tiny_models.js';

const rate = schedules.warmUp({
  steps: 3,
  from: 0.01,
  then: schedules.cosineDecay({initial: 0.1, decaySteps: 9, alpha: 0.1}),
});

describe('splitOptions', () => {
  it('tells the options of a step from those of a margin, and leaves out what is not given', () => {
    const options = {
      gamma: 1,
      layers: ['input'],
      learningRate: rate,
      accumulationSteps: 2,
      clipValue: undefined,
    };
    expect(splitOptions('f', options)).toEqual({
      step: {learningRate: rate, accumulationSteps: 2},
      margin: {gamma: 1, layers: ['input']},
    });
  });

  it('finds no margin asked for where only a step is described', () => {
    expect(splitOptions('f', {})).toEqual({step: {}});
    expect(splitOptions('f', {globalClipNorm: 5, nonFinite: 'skip', maxSkips: 3, gamma: undefined})).toEqual({
      step: {globalClipNorm: 5, nonFinite: 'skip', maxSkips: 3},
    });
  });

  it('takes a model for a wish for a margin, be there no other option: its layers may be marked', () => {
    expect(splitOptions('f', {model: denseNet()})).toEqual({step: {}, margin: {}});
  });

  it('freezes a copy of its own', () => {
    const layer = {name: 'a', gamma: 1};
    const {margin} = splitOptions('f', {gamma: 1, layers: [layer]});
    layer.gamma = 2;
    expect(margin).toEqual({gamma: 1, layers: [{name: 'a', gamma: 1}]});
    expect(Object.isFrozen(margin)).toBe(true);
  });

  it.each<[string, object]>([
    ['options', 'gamma' as never],
    ['options', {learning_rate: 1}],
    ['learningRate', {learningRate: '0.1'}],
    ['learningRate', {learningRate: Infinity}],
    ['learningRate.values[1]', {learningRate: {name: 'piecewiseConstant', boundaries: [1], values: [1, -1]}}],
    ['accumulationSteps', {accumulationSteps: '2'}],
    ['maxSkips', {maxSkips: 2}],
    ['layers', {gamma: 1, layers: [null]}],
    ['step', {gamma: 1, step: 0}],
    ['topK', {gamma: 1, topK: 0}],
  ])('refuses a wrong %s: %j', async (argument, options) => {
    await expectRefusal(() => splitOptions('f', options), argument, 'f');
  });
});

describe('a config of split options', () => {
  it('is read back as the options', () => {
    const options = {
      gamma: rate,
      layers: ['a_b', {name: 'C', norm: 'linf' as const}],
      clip: null,
      learningRate: 1e-12,
    };
    const config = splitToConfig(splitOptions('f', options));
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
    expect(optionsFromSplitConfig(config)).toEqual(options);
    expect(splitOptions('f', optionsFromSplitConfig(config))).toEqual(splitOptions('f', options));
  });

  it('without a margin is read back without one', () => {
    const config = splitToConfig(splitOptions('f', {clipValue: 0.5}));
    expect(config).toEqual({step: {clipValue: 0.5}});
    expect(optionsFromSplitConfig(config)).toEqual({clipValue: 0.5});
  });
});
