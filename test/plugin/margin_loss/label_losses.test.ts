import * as tf from '@tensorflow/tfjs-core';
import {metrics, model, regularizers, sequential, type SymbolicTensor} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {marginLoss, marginRegularizer} from '../../../plugin/index.js';
import {batches} from '../../support/batches.js';
import {expectClose} from '../../support/expect_close.js';
import {errorOf, expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {expectSameDoors, markedNet} from '../../support/marked_nets.js';
import {randomTensor} from '../../support/randoms.js';
import {apply, dense, labelsOf, seeded, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const indices = [0, 1, 2, 2, 1, 0];
const y = labelsOf(indices);
const column = tf.tensor2d(indices.map(i => [i]));
const row = tf.tensor1d(indices, 'int32');
const fit = {epochs: 2, batchSize: 3};

describe('marginLoss adds a margin to any label loss, as LargeMarginModel does', () => {
  it.each(['categoricalCrossentropy', 'categoricalHinge', 'meanSquaredError', 'binaryCrossentropy'])(
    'by its name: %s',
    async loss => {
      const named = await expectSameDoors(x, y, {make: markedNet, options: {gamma: 1, loss}, fit});
      const other = await expectSameDoors(x, y, {make: markedNet, fit});
      expect(named.losses[0] === other.losses[0]).toBe(loss === 'categoricalCrossentropy');
    },
  );

  it('by a function, which gives a number for each example', async () => {
    const loss = (labels: tf.Tensor, outputs: tf.Tensor) => tf.mean(tf.abs(tf.sub(labels, outputs)), 1);
    await expectSameDoors(x, y, {make: markedNet, options: {gamma: 1, loss}, fit});
  });

  it('by a function that gives one number for all, or a column', async () => {
    const byExample = (labels: tf.Tensor, outputs: tf.Tensor) =>
      tf.mean(tf.square(tf.sub(labels, outputs)), 1);
    const forms = [
      byExample,
      (labels: tf.Tensor, outputs: tf.Tensor) => tf.mean(byExample(labels, outputs)),
      (labels: tf.Tensor, outputs: tf.Tensor) => tf.reshape(byExample(labels, outputs), [-1, 1]),
      (labels: tf.Tensor, outputs: tf.Tensor) => tf.square(tf.sub(labels, outputs)),
    ];
    const runs = [];
    for (const loss of forms)
      runs.push(await expectSameDoors(x, y, {make: markedNet, options: {gamma: 1, loss}}));
    const expected = weightsOf(runs[0].model).flat();
    for (const {model: net, losses} of runs) {
      expectClose(losses, runs[0].losses, 1e-6);
      expectClose(weightsOf(net).flat(), expected, 1e-6);
    }
  });

  it('weighs a column of label losses example by example, not each by all weights', async () => {
    const loss = (labels: tf.Tensor, outputs: tf.Tensor) =>
      tf.reshape(tf.mean(tf.square(tf.sub(labels, outputs)), 1), [-1, 1]);
    const run = async (loss: unknown) => {
      const net = markedNet();
      const options = {gamma: 1, loss: loss as never};
      net.compile({optimizer: tf.train.sgd(0.1), loss: marginLoss(net, options)});
      const classWeight = {0: 1, 1: 5, 2: 0.5};
      const {history} = await net.fit(x, y, {epochs: 1, verbose: 0, batchSize: 6, classWeight});
      return history.loss as number[];
    };
    expectClose(await run(loss), await run('meanSquaredError'), 1e-6);
  });

  it('with class weights, which weigh the margin too', async () => {
    const weighted = {...fit, classWeight: {0: 0, 1: 3, 2: 0.5}};
    const options = {gamma: 1, crossEntropyWeight: 0};
    const {losses} = await expectSameDoors(x, y, {make: markedNet, options, fit: weighted});
    const {losses: plain} = await expectSameDoors(x, y, {make: markedNet, options, fit});
    expect(Math.abs(losses[0] - plain[0])).toBeGreaterThan(1e-3);
    for (const loss of ['categoricalHinge', 'sparseCategoricalCrossentropy']) {
      const labels = loss === 'categoricalHinge' ? y : column;
      await expectSameDoors(x, labels, {make: markedNet, options: {gamma: 1, loss}, fit: weighted});
    }
  });

  it('with the penalties of kernel regularizers', async () => {
    const make = (l2: number) => () =>
      seeded(
        sequential({
          layers: [
            dense('hidden', 5, {
              ...{activation: 'tanh', inputShape: [4]},
              kernelRegularizer: regularizers.l2({l2}),
            }),
            marginRegularizer(),
            dense('scores'),
          ],
        }),
      );
    const [with1, without] = [
      await expectSameDoors(x, y, {make: make(0.1)}),
      await expectSameDoors(x, y, {make: make(0)}),
    ];
    const [kernel] = make(0)().getWeights();
    // l2 x the sum of squares.
    expectClose(with1.losses, [without.losses[0] + 0.1 * tf.sum(tf.square(kernel)).dataSync()[0]], 1e-6);
  });

  it('with smoothed labels', async () => {
    const options = {gamma: 1, labelSmoothing: 0.2};
    const {losses} = await expectSameDoors(x, y, {make: markedNet, options, fit});
    const {losses: sharp} = await expectSameDoors(x, y, {make: markedNet, fit});
    expect(Math.abs(losses[0] - sharp[0])).toBeGreaterThan(1e-3);
    const sparse = {...options, loss: 'sparseCategoricalCrossentropy'};
    const {losses: same} = await expectSameDoors(x, column, {make: markedNet, options: sparse, fit});
    expectClose(same, losses, 1e-6);
  });
});

describe('marginLoss with class indices as labels', () => {
  const options = {gamma: 1, loss: 'sparseCategoricalCrossentropy'};
  const optimizer = () => tf.train.sgd(0.1);
  const functional = () => {
    const {inputs, outputs} = markedNet();
    return model({inputs, outputs, name: 'functional'});
  };

  it.each([
    ['a Sequential', markedNet],
    ['a functional', functional],
  ])('trains %s model as a LargeMarginModel does', async (_, make) => {
    const {losses} = await expectSameDoors(x, column, {make, options, fit});
    expectClose(losses, (await expectSameDoors(x, y, {make, fit})).losses, 1e-6);
    await expectSameDoors(x, row, {make, options, fit});
    await expectSameDoors(x, column, {make, options});
  });

  it.each([
    ['a Sequential', markedNet],
    ['a functional', functional],
  ])("shows the accuracy of %s model that tfjs's own loss of that kind shows", async (_, make) => {
    const [net, other] = [make(), make()];
    const names = ['accuracy', 'ce', metrics.sparseCategoricalAccuracy];
    net.compile({optimizer: tf.train.sgd(0), loss: marginLoss(net, options), metrics: names as never});
    other.compile({optimizer: tf.train.sgd(0), loss: options.loss, metrics: names as never});
    const all = async (m: typeof net) => {
      const {history} = await m.fit(x, column, {verbose: 0, batchSize: 6, validationData: [x, column]});
      const byDataset = await m.fitDataset(
        batches(() => [{xs: x, ys: column}]),
        {epochs: 1, verbose: 0},
      );
      const [, ...evaluated] = (m.evaluate(x, column) as tf.Scalar[]).map(t => t.dataSync()[0]);
      const {loss: _, val_loss: __, ...shown} = history;
      const {loss: ___, ...ofDataset} = byDataset.history;
      return {shown, ofDataset, evaluated};
    };
    const [ours, theirs] = [await all(net), await all(other)];
    expect(ours).toEqual(theirs);
    expect(Object.keys(ours.shown).sort()).toContain('val_acc');
    expect(ours.evaluated[0]).toBeGreaterThan(0);
  });

  it('leaves the model as it was for any other loss, before and after', async () => {
    const [net, other] = [markedNet(), markedNet()];
    const loss = marginLoss(net, options);
    net.compile({optimizer: optimizer(), loss, metrics: ['accuracy']});
    await net.fit(x, column, {verbose: 0});
    expect(String(await errorOf(() => net.fit(x, y, {verbose: 0})))).toContain('target');
    for (const m of [net, other]) {
      m.setWeights(markedNet().getWeights());
      m.compile({optimizer: optimizer(), loss: 'categoricalCrossentropy', metrics: ['accuracy']});
    }
    const run = async (m: typeof net) => (await m.fit(x, y, {verbose: 0, shuffle: false})).history;
    expect(await run(net)).toEqual(await run(other));
    expect(String(await errorOf(() => net.fit(x, column, {verbose: 0})))).toContain('target');
    // A loss of the kind that tfjs knows is not replaced.
    net.compile({optimizer: optimizer(), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy']});
    await net.fit(x, column, {verbose: 0});
  });

  it('may be one of several losses, and made again', async () => {
    const make = () => {
      const {inputs, outputs, layers: parts} = markedNet();
      const aside = apply(dense('value', 1), parts[2].output as SymbolicTensor);
      return seeded(model({inputs, outputs: [outputs[0], aside], name: 'two'}));
    };
    const targets = [column, randomTensor([6, 1], 4)];
    const both = (loss: unknown) => [loss, 'meanSquaredError'];
    await expectSameDoors(x, targets as never, {
      make,
      options: {...options, output: 'scores'},
      losses: both,
    });
    const net = make();
    for (let i = 0; i < 3; i++) {
      const loss = {scores: marginLoss(net, {...options, output: 'scores'}), value: 'meanSquaredError'};
      net.compile({optimizer: optimizer(), loss: loss as never, metrics: ['accuracy']});
      await net.trainOnBatch(x, targets);
    }
  });

  it('leaks nothing', async () => {
    const net = markedNet();
    net.compile({optimizer: optimizer(), loss: marginLoss(net, options), metrics: ['accuracy']});
    await net.fit(x, row, {verbose: 0});
    await expectNoLeakAsync(async () => void (await net.fit(x, row, {verbose: 0, validationSplit: 0.5})));
    await expectNoLeakAsync(async () => void (await net.trainOnBatch(x, column)));
    await expectNoLeakAsync(async () => void tf.dispose(net.evaluate(x, column)));
  });
});
