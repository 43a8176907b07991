import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {LargeMarginOptimizer} from '../../plugin/large_margin_optimizer.js';
import type {LargeMarginOptimizerOptions} from '../../plugin/optimizer_options.js';
import '../../plugin/register.js';
import {expectNoLeak, expectNoLeakAsync, expectRefusal} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {convNet, denseNet, labelsOf, weightsOf} from '../support/tiny_models.js';

// What it does is tested by idea in the folder of its name.

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0]);

afterEach(() => void vi.restoreAllMocks());

describe('LargeMarginOptimizer', () => {
  it('is a tf.Optimizer of its own class, which tfjs knows by name', () => {
    const optimizer = new LargeMarginOptimizer('adam', {gamma: 1});
    expect(optimizer).toBeInstanceOf(tf.Optimizer);
    expect(optimizer.getClassName()).toBe('LargeMarginOptimizer');
    const {classNameMap} = tf.serialization.SerializationMap.getMap();
    expect(classNameMap.LargeMarginOptimizer[0]).toBe(LargeMarginOptimizer);
    optimizer.dispose();
  });

  it('changes the optimizer line of a program and nothing else', async () => {
    const program = (makeOptimizer: (model: LayersModel) => tf.Optimizer) => {
      const model = denseNet();
      model.compile({
        optimizer: makeOptimizer(model),
        loss: 'categoricalCrossentropy',
        metrics: ['accuracy'],
      });
      return model.fit(x, y, {epochs: 2, batchSize: 3, validationData: [x, y], shuffle: false, verbose: 0});
    };
    const before = await program(() => tf.train.adam(1e-3));
    const after = await program(
      model => new LargeMarginOptimizer(tf.train.adam(1e-3), {model, gamma: 1, layers: ['input', 'hidden1']}),
    );
    expect(Object.keys(after.history)).toEqual(Object.keys(before.history));
    expect(after.epoch).toEqual(before.epoch);
    expect(after.history.loss[0]).toBeGreaterThan(before.history.loss[0] as number);
  });

  it.each(['sgd', 'momentum', 'rmsprop', 'adam', 'adamax', 'adagrad', 'adadelta'])(
    'takes its inner optimizer by the name %s, and frees all of it',
    async name => {
      const model = denseNet();
      const before = weightsOf(model);
      await expectNoLeakAsync(async () => {
        const optimizer = new LargeMarginOptimizer(name, {gamma: 1, model});
        model.compile({optimizer, loss: 'categoricalCrossentropy'});
        for (let step = 0; step < 2; step++) await model.trainOnBatch(x, y);
        expect(optimizer.iterations).toBe(2);
        optimizer.dispose();
      });
      expect(weightsOf(model)).not.toEqual(before);
    },
  );

  it('keeps its options apart from the record that it was given', async () => {
    const hidden = {name: 'hidden1', gamma: 2};
    const options: LargeMarginOptimizerOptions = {gamma: 1, layers: ['input', hidden]};
    const optimizer = new LargeMarginOptimizer('sgd', options);
    const before = JSON.stringify(optimizer.getConfig());
    options.gamma = 9;
    hidden.gamma = 9;
    expect(JSON.stringify(optimizer.getConfig())).toBe(before);
  });

  it('makes no tensor beside those of its inner optimizer', () => {
    const count = (make: () => unknown) => {
      const before = tf.memory().numTensors;
      make();
      return tf.memory().numTensors - before;
    };
    const model = denseNet();
    const inner = count(() => tf.train.adam(0.01));
    expect(count(() => new LargeMarginOptimizer(tf.train.adam(0.01), {gamma: 1, model}))).toBe(inner);
  });

  it('minimize returns the cost where it is asked for, and null otherwise', () => {
    const v = tf.variable(tf.tensor1d([3]));
    const optimizer = new LargeMarginOptimizer(tf.train.sgd(0.1), {gamma: 1});
    const step = (returnCost?: boolean) =>
      optimizer.minimize(() => {
        const h = tf.mul(tf.tensor2d([[1], [2]]), v);
        const logits = tf.matMul(h as tf.Tensor2D, tf.tensor2d([[1, -1]])) as tf.Tensor2D;
        optimizer.observe({labels: tf.tensor1d([0, 1], 'int32'), logits, activations: {h}});
        return tf.scalar(0);
      }, returnCost);
    // The distance of h to the boundary is h: 3 and, misclassified, -6. gamma 1: max(0, 1 - 3), min(7, 4 x 1); the mean.
    const cost = expectNoLeak(() => step(true))!;
    expect(cost.dataSync()[0]).toBeCloseTo(2, 5);
    expect(expectNoLeak(() => step())).toBeNull();
    expect(expectNoLeak(() => step(false))).toBeNull();
    tf.dispose([cost, v]);
  });

  it('moves the variables that it is given, and no others', () => {
    const [a, b] = [tf.variable(tf.tensor1d([1])), tf.variable(tf.tensor1d([1]))];
    const optimizer = new LargeMarginOptimizer(tf.train.sgd(0.1), {gamma: 1});
    const step = (varList?: tf.Variable[]) =>
      optimizer.minimize(
        () => {
          const h = tf.mul(tf.add(a, b), tf.tensor2d([[1], [2]]));
          const logits = tf.matMul(h as tf.Tensor2D, tf.tensor2d([[1, -1]])) as tf.Tensor2D;
          optimizer.observe({labels: tf.tensor1d([1, 1], 'int32'), logits, activations: {h}});
          return tf.sum(h) as tf.Scalar;
        },
        false,
        varList,
      );
    step([b]);
    expect(a.dataSync()[0]).toBe(1);
    expect(b.dataSync()[0]).not.toBe(1);
    step();
    expect(a.dataSync()[0]).not.toBe(1);
    tf.dispose([a, b]);
  });

  it('warns by its name of first-order logits without cross-entropy, once', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    new LargeMarginOptimizer('sgd', {
      gamma: 1,
      gradient: 'firstOrder',
      crossEntropyWeight: 0,
      model: denseNet(),
    });
    expect(warn.mock.calls.map(([message]) => message)).toEqual([
      expect.stringContaining('LargeMarginOptimizer'),
    ]);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['an unknown name', 'adamw'],
    ['a layer', layers.flatten()],
    ['centred rmsprop', tf.train.rmsprop(0.1, 0.9, 0, 1e-7, true)],
  ])('refuses %s for an optimizer', async (_, inner) => {
    await expectRefusal(() => new LargeMarginOptimizer(inner as string), 'optimizer', 'LargeMarginOptimizer');
  });

  const model = convNet();
  it.each<[string, unknown, string?]>([
    ['options', null],
    ['options', {gama: 1}, 'gamma, layers'],
    ['gamma', {gamma: 0}],
    ['gamma', {model}],
    ['step', {gamma: 1, step: 3}, 'counted here'],
    ['norm', {gamma: 1, norm: 'l3'}],
    ['layers', {gamma: 1, layers: ['conv9'], model}, 'known layers: conv1'],
    ['layers', {gamma: 1, layers: [undefined]}, 'names'],
    ['layers', {gamma: 1, layers: [{gamma: 1}]}, 'names'],
    ['model', {gamma: 1, model: 'net'}, 'tf.LayersModel'],
    ['model', {gamma: 1, model: {}}, 'tf.LayersModel'],
    ['model', {gamma: 1, model: null}, 'tf.LayersModel'],
    ['model', {gamma: 1, model: sequential()}, 'known input shape'],
    ['output', {gamma: 1, model, output: 'conv1'}],
    ['learningRate', {learningRate: -1}],
    ['learningRate', {learningRate: NaN}],
    ['learningRate', {learningRate: {name: 'stairs'}}],
    ['learningRate.initial', {learningRate: {name: 'cosineDecay', initial: -1, decaySteps: 3}}],
    ['globalClipNorm', {globalClipNorm: 0}],
    ['clipValue', {clipValue: Infinity}],
    ['clipValue', {globalClipNorm: 5, clipValue: 1}, 'not both'],
    ['accumulationSteps', {accumulationSteps: 1.5}],
    ['accumulationSteps', {accumulationSteps: 0}],
    ['nonFinite', {nonFinite: 'ignore'}],
    ['maxSkips', {nonFinite: 'skip', maxSkips: 0}],
    ['maxSkips', {maxSkips: 3}, "unless nonFinite is 'skip'"],
    ['maxSkips', {nonFinite: 'stop', maxSkips: 3}],
    ['seed', {gamma: 1, seed: 0.5}],
  ])('refuses a wrong %s: %j', async (argument, options, ...parts) => {
    const make = () => new LargeMarginOptimizer('adam', options as LargeMarginOptimizerOptions);
    await expectRefusal(make, argument, 'LargeMarginOptimizer', ...(parts as string[]));
  });
});
