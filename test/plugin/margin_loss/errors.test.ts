import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {LargeMarginModel, marginLoss, marginRegularizer, schedules} from '../../../plugin/index.js';
import {batches} from '../../support/batches.js';
import {errorOf, expectRefusal} from '../../support/expect_no_leak.js';
import {markedNet} from '../../support/marked_nets.js';
import {randomTensor} from '../../support/randoms.js';
import {convNet, dense, denseNet, labelsOf, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0]);
const soft = tf.fill([6, 3], 1 / 3);

afterEach(() => vi.restoreAllMocks());

describe('marginLoss refuses', () => {
  const cases: Array<[string, () => LayersModel, object | null | undefined, string, string[]]> = [
    [
      'a model without marks',
      denseNet,
      {gamma: 1},
      'model',
      ['marginRegularizer layers', 'LargeMarginModel'],
    ],
    ['one without marks before it looks at options', convNet, {norm: 'l3'}, 'model', ['marginRegularizer']],
    ['no model', () => undefined as never, {gamma: 1}, 'model', ['tf.LayersModel']],
    ['a model that is not put together', () => sequential(), {gamma: 1}, 'model', ['known input shape']],
    [
      'a LargeMarginModel, which has its margin',
      () => new LargeMarginModel(markedNet(), {gamma: 1}),
      {gamma: 1},
      'model',
      ['a plain tf.LayersModel', 'a LargeMarginModel'],
    ],
    ['layers', markedNet, {gamma: 1, layers: ['hidden']}, 'layers', ['left out', 'marginRegularizer layers']],
    ['options that are none', markedNet, null, 'options', ['null']],
    [
      'a key that it does not know',
      markedNet,
      {gamma: 1, gama: 2},
      'options',
      ["got 'gama'", 'crossEntropyWeight'],
    ],
    ['no gamma where a mark has none', markedNet, {}, 'gamma', ['undefined']],
    ['no options at all, likewise', markedNet, undefined, 'gamma', ['undefined']],
    ['a gamma of 0', markedNet, {gamma: 0}, 'gamma', ['> 0']],
    [
      'a schedule that goes below 0',
      markedNet,
      {gamma: schedules.warmUp({steps: 3, from: -1, then: 1})},
      'gamma.from',
      [],
    ],
    ['a step', markedNet, {gamma: 1, step: 3}, 'step', ['left out', 'counted here']],
    [
      'a loss that tfjs does not know',
      markedNet,
      {gamma: 1, loss: 'crossEntropy'},
      'loss',
      ["got 'crossEntropy'"],
    ],
    ['a list of losses', markedNet, {gamma: 1, loss: ['meanSquaredError']}, 'loss', ['a function or a name']],
    ['null for a loss', markedNet, {gamma: 1, loss: null}, 'loss', ['a function or a name', 'got null']],
    [
      'to smooth the labels of a loss that is no cross-entropy',
      markedNet,
      {gamma: 1, labelSmoothing: 0.1, loss: 'categoricalHinge'},
      'labelSmoothing',
      ['to be 0', 'sparseCategoricalCrossentropy'],
    ],
    ['an output that the model has not', markedNet, {gamma: 1, output: 'other'}, 'output', ['scores']],
    ['more rivals than there are', markedNet, {gamma: 1, topK: 3}, 'topK', ['1..2']],
  ];
  it.each(cases)('%s', async (_, make, options, argument, parts) => {
    const net = make();
    await expectRefusal(() => marginLoss(net, options as never), argument, 'marginLoss: expected', ...parts);
  });

  it('in exact mode a mark before a layer whose second derivative tfjs has not', async () => {
    const net = sequential({
      layers: [
        layers.conv3d({filters: 2, kernelSize: 2, inputShape: [3, 3, 3, 1], name: 'first'}),
        marginRegularizer(),
        layers.conv3d({filters: 2, kernelSize: 2, name: 'second'}),
        layers.flatten(),
        dense('scores'),
      ],
    });
    await expectRefusal(() => marginLoss(net, {gamma: 1}), 'gradient', "'firstOrder'", 'second');
    expect(() => marginLoss(net, {gamma: 1, gradient: 'firstOrder'})).not.toThrow();
  });

  it('nothing in undefined, which is left out', () => {
    const options = {gamma: 1, loss: undefined, layers: undefined, norm: undefined};
    expect(marginLoss(markedNet(), options as never)).toBeTypeOf('function');
  });

  it('but only warns of first-order logits without a label loss', () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    marginLoss(markedNet(), {gamma: 1, gradient: 'firstOrder', crossEntropyWeight: 0});
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0][0]).toMatch(/^marginLoss: gradient 'firstOrder'.* masked/);
  });
});

describe('labels that are wrong', () => {
  const sparse = {loss: 'sparseCategoricalCrossentropy'};
  // Of a row tfjs makes a column, and leaves it behind when something throws.
  const columnOf = (indices: number[]) => tf.tensor2d(indices, [6, 1]);
  const started = async (options: object = {}) => {
    const net = markedNet();
    net.compile({optimizer: tf.train.adam(0.1), loss: marginLoss(net, {gamma: 1, ...options})});
    const labels = 'loss' in options ? columnOf([0, 1, 2, 2, 1, 0]) : y;
    await net.fit(x, labels, {verbose: 0});
    return net;
  };
  const bad: Array<[string, object, () => tf.Tensor, string[]]> = [
    ['soft ones', {}, () => soft, ['one-hot', 'example 0']],
    ['NaN', {}, () => tf.fill([6, 3], NaN), ['one-hot', 'NaN']],
    ['too large', sparse, () => columnOf([0, 1, 2, 3, 1, 0]), ['0..2', 'example 3', 'got 3']],
    ['half', sparse, () => columnOf([0, 1, 2, 0.5, 1, 0]), ['0..2', 'got 0.5']],
  ];

  it.each(bad)(
    '%s: are refused in trainOnBatch and evaluate, with no tensor left and no weight changed',
    async (_, options, make, parts) => {
      const [net, labels] = [await started(options), make()];
      const before = weightsOf(net);
      const calls = [() => net.trainOnBatch(x, labels), () => net.evaluate(x, labels)];
      for (const call of calls) await expectRefusal(call, 'labels', 'marginLoss: ', ...parts);
      expect(weightsOf(net)).toEqual(before);
      if (labels !== soft) labels.dispose();
    },
  );

  it('are refused in the middle of fit, which leaves the two tensors that tfjs leaves whatever throws', async () => {
    const net = await started();
    const other = denseNet();
    let isBroken = false;
    const broken = (labels: tf.Tensor, outputs: tf.Tensor) => {
      if (isBroken) throw new Error('broken');
      return tf.losses.meanSquaredError(labels, outputs);
    };
    other.compile({optimizer: tf.train.adam(0.1), loss: broken});
    await other.fit(x, y, {verbose: 0});
    const labels = tf.tidy(() => tf.concat([tf.slice(y, 0, 4), tf.slice(soft, 0, 2)]) as tf.Tensor);
    const leftBy = async (net: LayersModel, wait: () => void = () => {}) => {
      const before = tf.memory().numTensors;
      const callbacks = {onBatchEnd: wait};
      const error = await errorOf(() =>
        net.fit(x, labels, {verbose: 0, batchSize: 2, shuffle: false, callbacks}),
      );
      return [String(error), tf.memory().numTensors - before] as const;
    };
    const before = weightsOf(net);
    const [error, left] = await leftBy(net);
    expect(error).toMatch('one-hot (example 0)');
    const [theirs, leftByTfjs] = await leftBy(other, () => (isBroken = true));
    expect(theirs).toBe('Error: broken');
    // The order of the examples in this epoch, and the sum of the losses so far; tfjs leaves its tape too.
    expect(left).toBe(2);
    expect(leftByTfjs).toBeGreaterThan(2);
    // The two good batches before were learned.
    expect(weightsOf(net)).not.toEqual(before);
    // And the next fit goes on as ever.
    expect((await net.fit(x, y, {verbose: 0})).history.loss[0]).toBeGreaterThan(0);
    labels.dispose();
  });

  it('that are no classes are refused for a margin, and left to the label loss where there is none', async () => {
    const net = markedNet();
    net.compile({optimizer: tf.train.sgd(0.1), loss: marginLoss(net, {gamma: 1, loss: 'meanSquaredError'})});
    await expectRefusal(() => net.trainOnBatch(x, soft), 'labels', 'one-hot', 'one class for each example');
    const value = (net.evaluate(x, soft) as tf.Scalar).dataSync()[0];
    const expected = tf.losses.meanSquaredError(soft, net.predict(x) as tf.Tensor).dataSync()[0];
    expect(value).toBeCloseTo(expected, 6);
  });

  it('are refused in validation data and in a dataset', async () => {
    const net = await started();
    const validated = () => net.fit(x, y, {verbose: 0, validationData: [x, soft]});
    expect(String(await errorOf(validated))).toContain('marginLoss: expected labels');
    const dataset = batches(() => [{xs: x, ys: soft}]);
    const fromDataset = () => net.fitDataset(dataset, {epochs: 1, verbose: 0});
    expect(String(await errorOf(fromDataset))).toContain('marginLoss: expected labels');
  });

  it('leave the tape whole where the error is caught on it', () => {
    const net = markedNet();
    const loss = marginLoss(net, {gamma: 1});
    const variables = net.trainableWeights.map(w => w.read() as tf.Variable);
    const slopes = (f: () => tf.Scalar) => {
      const {value, grads} = tf.variableGrads(f, variables);
      const numbers = Object.values(grads).map(g => Array.from(g.dataSync()));
      tf.dispose([value, grads]);
      return numbers;
    };
    const run = () => net.apply(x, {training: true}) as tf.Tensor;
    const expected = slopes(() => tf.mean(tf.square(run())) as tf.Scalar);
    const caught = slopes(() => {
      const outputs = run();
      expect(() => loss(soft, outputs)).toThrow('one-hot');
      return tf.mean(tf.square(outputs)) as tf.Scalar;
    });
    expect(caught).toEqual(expected);
  });
});
