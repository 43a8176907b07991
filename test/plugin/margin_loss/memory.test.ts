import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {marginLoss, marginRegularizer, presets, type MarginLossOptions} from '../../../plugin/index.js';
import {batches} from '../../support/batches.js';
import {expectNoLeak, expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {engineSnapshot} from '../../support/engine_state.js';
import {markedNet} from '../../support/marked_nets.js';
import {randomTensor} from '../../support/randoms.js';
import {dense, labelsOf, seeded} from '../../support/tiny_models.js';

const y = labelsOf([0, 1, 2, 2, 1, 0]);

const mixedNet = () =>
  seeded(
    sequential({
      layers: [
        layers.conv2d({filters: 3, kernelSize: 3, padding: 'same', inputShape: [6, 6, 2]}),
        marginRegularizer(),
        layers.batchNormalization({}),
        layers.elu(),
        layers.maxPooling2d({poolSize: 3, strides: 2}),
        marginRegularizer({norm: 'l1'}),
        layers.dropout({rate: 0.3}),
        layers.flatten(),
        dense('scores', 3, {kernelRegularizer: 'l1l2'}),
        layers.softmax(),
      ],
    }),
  );

const {gamma: _, ...authors} = presets.authors('l2') as MarginLossOptions;
const modes: Array<[string, () => LayersModel, MarginLossOptions]> = [
  ['exact', markedNet, {gamma: 1}],
  ['exact, with linear logits', () => markedNet({softmax: false}), {gamma: 1, topK: 2, aggregate: 'sum'}],
  ['first-order, with random rivals', markedNet, {gamma: 1, gradient: 'firstOrder', rivals: 'random'}],
  ['exact, of probabilities', markedNet, {gamma: 1, scores: 'probabilities', norm: 3}],
  ['exact, in a mixed net', mixedNet, {gamma: 1}],
  ["with the authors' preset, in a mixed net", mixedNet, {gamma: 1, ...authors}],
  ['with another loss', markedNet, {gamma: 1, loss: 'categoricalHinge'}],
];

describe('marginLoss leaves no tensor', () => {
  it.each(modes)(
    '%s: in fit, fitDataset, trainOnBatch, evaluate, validation and predict',
    async (_, make, options) => {
      const net = make();
      const x = randomTensor([6, ...(net.inputs[0].shape.slice(1) as number[])], 3);
      net.compile({optimizer: 'adam', loss: marginLoss(net, options), metrics: ['accuracy']});
      const epoch = {epochs: 1, batchSize: 2, verbose: 0} as const;
      await net.fit(x, y, epoch);
      const calls: Array<() => Promise<unknown>> = [
        () => net.fit(x, y, epoch),
        () => net.fit(x, y, {...epoch, validationData: [x, y]}),
        () => net.fit(x, y, {...epoch, validationSplit: 0.5, classWeight: {0: 1, 1: 2, 2: 3}}),
        () =>
          net.fitDataset(
            batches(() => [{xs: x, ys: y}]),
            {epochs: 2, verbose: 0},
          ),
        () => net.trainOnBatch(x, y),
        async () => tf.dispose(net.evaluate(x, y)),
        async () =>
          tf.dispose(
            await net.evaluateDataset(
              batches(() => [{xs: x, ys: y}]),
              {},
            ),
          ),
        async () => tf.dispose(net.predict(x)),
      ];
      for (const call of calls) await expectNoLeakAsync(async () => void (await call()));
      x.dispose();
    },
  );

  it.each(modes)('%s: when it is made, and lets the engine as it was', (_, make, options) => {
    const net = make();
    const before = engineSnapshot();
    for (let i = 0; i < 3; i++) expectNoLeak(() => void marginLoss(net, options));
    expect(engineSnapshot()).toEqual(before);
  });

  it('when a model is disposed of that had several', async () => {
    const x = randomTensor([6, 4], 3);
    const before = tf.memory().numTensors;
    const net = markedNet();
    for (const loss of ['categoricalCrossentropy', 'meanSquaredError']) {
      const optimizer = tf.train.sgd(0.1);
      net.compile({optimizer, loss: marginLoss(net, {gamma: 1, loss})});
      await net.trainOnBatch(x, y);
      optimizer.dispose();
    }
    net.dispose();
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });
});
