import {describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import {planMeasuring} from '../../plugin/measuring_plan.js';
import {schedules} from '../../src/index.js';
import {expectRefusal} from '../support/expect_no_leak.js';
import {denseNet} from '../support/tiny_models.js';

const net = denseNet({units: [5, 4]});

describe('planMeasuring', () => {
  it('measures a plain model at the input and all hidden layers, without a gamma', () => {
    const {base, plan, gammas} = planMeasuring('test', net, {});
    expect(base).toBe(net);
    expect(plan.layers.map(({name, norm}) => [name, norm])).toEqual([
      ['input', 'l2'],
      ['hidden1', 'l2'],
      ['hidden2', 'l2'],
    ]);
    expect(gammas).toEqual({input: undefined, hidden1: undefined, hidden2: undefined});
    expect(plan.options).toMatchObject({topK: 1, rivals: 'top', gradient: 'firstOrder'});
  });

  it('measures a LargeMarginModel by its own options, to the strongest rival', () => {
    const layers = ['output', {name: 'hidden1', norm: 'linf' as const, gamma: 7, scale: 'size' as const}];
    const options = {gamma: 3, layers, norm: 'l1' as const, scores: 'probabilities' as const, epsilon: 1e-3};
    const model = new LargeMarginModel(net, {...options, topK: 2, rivals: 'random', clip: 2});
    const {base, plan, gammas} = planMeasuring('test', model, {});
    expect(base).toBe(net);
    expect(gammas).toEqual({output: 3, hidden1: 7});
    expect(plan.layers).toMatchObject([{norm: 'l1'}, {norm: 'linf', scale: 'size'}]);
    const {scores, epsilon, clip, topK, rivals} = plan.options;
    expect({scores, epsilon, clip, topK, rivals}).toEqual({
      ...{scores: 'probabilities', epsilon: 1e-3, clip: 2, topK: 1, rivals: 'top'},
    });
  });

  it('lets what is asked for come before what the model says', () => {
    const model = new LargeMarginModel(net, {gamma: 3, layers: ['hidden1']});
    const {plan, gammas} = planMeasuring('test', model, {layers: ['hidden2'], norm: 'linf', epsilon: 0.5});
    expect(plan.layers).toMatchObject([{name: 'hidden2', norm: 'linf'}]);
    expect(plan.options.epsilon).toBe(0.5);
    expect(gammas).toEqual({hidden2: 3});
  });

  it('takes a gamma that changes with the step as it is now', () => {
    const gamma = schedules.piecewiseConstant({boundaries: [10], values: [1, 2]});
    const model = new LargeMarginModel(net, {gamma, layers: 'input'});
    expect(planMeasuring('test', model, {}).gammas).toEqual({input: 1});
    model.stream.steps = 10;
    expect(planMeasuring('test', model, {}).gammas).toEqual({input: 2});
  });

  it('refuses what is no model, and options that do not fit', async () => {
    const wrong = (options: object) => () => planMeasuring('caller', net, options);
    await expectRefusal(() => planMeasuring('caller', {} as never, {}), 'model', 'caller', 'tf.LayersModel');
    await expectRefusal(wrong({layers: ['hidden9']}), 'layers', 'hidden9', 'hidden2');
    await expectRefusal(wrong({norm: 'l0'}), 'norm');
    await expectRefusal(wrong({epsilon: 0}), 'epsilon');
    await expectRefusal(wrong({output: 'other'}), 'output', 'scores');
  });
});
