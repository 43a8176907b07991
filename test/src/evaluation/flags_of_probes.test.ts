import {describe, expect, it} from 'vitest';
import {
  aboveChanceUnbounded,
  falseGradients,
  moreStepsHelp,
  probabilities,
  randomOutput,
} from '../../../src/evaluation/flags_of_probes.js';

describe('flags of probes', () => {
  it('are none where nothing was measured', () => {
    const nothing = {probes: {}, classes: 10};
    for (const check of [probabilities, randomOutput, falseGradients, moreStepsHelp, aboveChanceUnbounded]) {
      expect(check(nothing)).toEqual([]);
    }
  });

  it('any probabilities make all that uses gradients unreliable', () => {
    expect(probabilities({probes: {probabilities: 0}})).toEqual([]);
    expect(probabilities({probes: {probabilities: 0.01}})).toMatchObject([
      {id: 'probabilities', figure: 'white box', value: 0.01, bound: 0},
    ]);
  });

  it('outputs that differ by more than 1e-4 make everything unreliable', () => {
    expect(randomOutput({probes: {randomness: 1e-4}})).toEqual([]);
    expect(randomOutput({probes: {randomness: 1.1e-4}})).toMatchObject([{figure: 'all', bound: 1e-4}]);
  });

  it('gradients may be other than slopes for a tenth of the examples', () => {
    expect(falseGradients({probes: {falseGradients: 0.1}})).toEqual([]);
    expect(falseGradients({probes: {falseGradients: 0.12}})).toMatchObject([
      {figure: 'white box', value: 0.12},
    ]);
  });

  it('steps say nothing of gradients where the output is random', () => {
    expect(falseGradients({probes: {falseGradients: 1, randomness: 0.1}})).toEqual([]);
  });

  it('twice the steps may beat half a point more', () => {
    expect(moreStepsHelp({probes: {moreSteps: {fallen: 0.005, epsilon: 0.1, examples: 1000}}})).toEqual([]);
    const [flag] = moreStepsHelp({probes: {moreSteps: {fallen: 0.01, epsilon: 0.1, examples: 1000}}});
    expect(flag).toMatchObject({figure: 'worst case', value: 0.01, bound: 0.005});
    expect(flag.reason).toContain('1 % of the examples more (epsilon 0.1)');
  });

  it('of fewer than 200 examples one that falls to twice the steps is no flag, two are', () => {
    expect(moreStepsHelp({probes: {moreSteps: {fallen: 1 / 60, epsilon: 0.1, examples: 60}}})).toEqual([]);
    const two = {fallen: 2 / 60, epsilon: 0.1, examples: 60};
    expect(moreStepsHelp({probes: {moreSteps: two}})).toMatchObject([{bound: 1 / 60}]);
  });

  it('without a bound no more than guessing and a point may stand', () => {
    expect(aboveChanceUnbounded({probes: {unbounded: 0.11}, classes: 10})).toEqual([]);
    expect(aboveChanceUnbounded({probes: {unbounded: 0.115}, classes: 10})).toHaveLength(1);
    expect(aboveChanceUnbounded({probes: {unbounded: 0.51}, classes: 2})).toEqual([]);
  });
});
