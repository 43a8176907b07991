import * as tf from '@tensorflow/tfjs-core';
import {layers, LayersModel, sequential} from '@tensorflow/tfjs-layers';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import type {LargeMarginModelOptions} from '../../plugin/margin_plan.js';
import {expectClose} from '../support/expect_close.js';
import {expectNoLeak, expectRefusal} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {convNet, denseNet, weightsOf} from '../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([5, 4], 1);

describe('LargeMarginModel', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('is a tf.LayersModel with the layers, weights and predictions of its base', () => {
    const base = denseNet();
    const model = new LargeMarginModel(base, {gamma: 1});
    expect(model).toBeInstanceOf(LayersModel);
    expect(model.baseModel).toBe(base);
    expect([model.name, model.layers.length]).toEqual([base.name, 3]);
    expect(model.weights.map(weight => weight.read())).toEqual(base.weights.map(weight => weight.read()));
    expectClose(
      tf.tidy(() => (model.predict(x) as tf.Tensor).dataSync()),
      tf.tidy(() => (base.predict(x) as tf.Tensor).dataSync()),
      0,
    );
  });

  it('puts a Sequential together that nobody has used yet', () => {
    const base = sequential({layers: [layers.dense({units: 3, inputShape: [4]})]});
    expect(new LargeMarginModel(base, {gamma: 1}).inputs[0].shape).toEqual([null, 4]);
  });

  it('makes no tensor of its own', () => {
    const base = denseNet();
    const before = tf.memory().numTensors;
    new LargeMarginModel(base, {gamma: 1, rivals: 'random'});
    expect(tf.memory().numTensors).toBe(before);
  });

  it('may wrap a LargeMarginModel again, with other options', () => {
    const base = denseNet();
    const outer = new LargeMarginModel(new LargeMarginModel(base, {gamma: 1}), {gamma: 9, layers: 'input'});
    expect(outer.options).toEqual({gamma: 9, layers: 'input'});
    expectClose(
      outer.distances(x).input.dataSync(),
      new LargeMarginModel(base, {gamma: 1}).distances(x).input.dataSync(),
      1e-6,
    );
  });

  it('keeps its options as they were given, frozen and apart', () => {
    const options: LargeMarginModelOptions = {
      gamma: 1,
      layers: ['input', {name: 'hidden1', gamma: 2}],
      clip: null,
    };
    const model = new LargeMarginModel(denseNet(), options);
    expect(model.options).toEqual(options);
    expect(Object.isFrozen(model.options)).toBe(true);
    options.gamma = 5;
    expect(model.options.gamma).toBe(1);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a layer', layers.dense({units: 1})],
    ['a model without layers', sequential()],
  ])('refuses %s for a base', async (_, base) => {
    await expectRefusal(
      () => new LargeMarginModel(base as LayersModel, {gamma: 1}),
      'base',
      'LargeMarginModel',
    );
  });

  it.each([undefined, null, {}, {layers: 'input'}])(
    'refuses the options %j, with gamma in the message',
    async options => {
      const base = denseNet();
      const run = () => new LargeMarginModel(base, options as LargeMarginModelOptions);
      await expectRefusal(run, options === null ? 'options' : 'gamma', 'LargeMarginModel', 'gamma');
    },
  );

  it('changes nothing about a base that it refuses', async () => {
    const base = denseNet();
    const [weights, nodes] = [weightsOf(base), base.layers.map(layer => layer.inboundNodes.length)];
    await expectRefusal(() => new LargeMarginModel(base, {gamma: -1}), 'gamma');
    await expectRefusal(() => new LargeMarginModel(base, {gamma: 1, layers: ['x']}), 'layers');
    expect(weightsOf(base)).toEqual(weights);
    expect(base.layers.map(layer => layer.inboundNodes.length)).toEqual(nodes);
  });

  it('ends its summary with the table of the margin layers', () => {
    const lines: string[] = [];
    const model = new LargeMarginModel(convNet(), {gamma: 0.5, layers: ['input', 'conv2'], norm: 'linf'});
    model.summary(undefined, undefined, line => lines.push(String(line)));
    const plain: string[] = [];
    model.baseModel.summary(undefined, undefined, line => plain.push(String(line)));
    expect(lines.slice(0, plain.length).filter(line => /Conv2D|Dense/.test(line))).toEqual(
      plain.filter(line => /Conv2D|Dense/.test(line)),
    );
    expect(lines.slice(-4, -1).map(line => line.split(/ +/))).toEqual([
      expect.anything(),
      ['input', '[null,6,6,2]', 'linf', '0.5', '1'],
      ['conv2', '[null,3,3,4]', 'linf', '0.5', '1'],
    ]);
  });

  it('prints its summary with console.log by default', () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    new LargeMarginModel(denseNet(), {gamma: 1}).summary();
    expect(log.mock.calls.flat().join('\n')).toContain('Margin layer');
  });

  it('warns by name of first-order logits without cross-entropy, once', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const model = new LargeMarginModel(denseNet(), {gamma: 1, gradient: 'firstOrder', crossEntropyWeight: 0});
    tf.tidy(() => void model.computeLoss(x, tf.tensor1d([0, 1, 2, 0, 1], 'int32')));
    expect(warn.mock.calls.map(([message]) => message)).toEqual([
      expect.stringContaining('LargeMarginModel'),
    ]);
    expect(warn.mock.calls[0][0]).toContain("'firstOrder'");
  });

  it('predicts without a plugin: its base saves as the class it is', () => {
    const model = new LargeMarginModel(denseNet(), {gamma: 1});
    expect(model.baseModel.getClassName()).toBe('Sequential');
    expect(JSON.stringify(model.baseModel.toJSON())).not.toContain('LargeMargin');
    tf.dispose(expectNoLeak(() => model.predict(x)));
  });
});
