import * as tf from '@tensorflow/tfjs-core';
import {layers, loadLayersModel, sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel, marginLoss, marginRegularizer} from '../../plugin/index.js';
import {batches} from '../support/batches.js';
import {expectClose} from '../support/expect_close.js';
import {errorOf} from '../support/expect_no_leak.js';
import {expectSameDoors, markedNet} from '../support/marked_nets.js';
import {memoryStore} from '../support/memory_store.js';
import {randomTensor} from '../support/randoms.js';
import {dense, labelsOf, seeded, weightsOf} from '../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0]);
const quiet = {epochs: 2, batchSize: 3, shuffle: false, verbose: 0} as const;

const endings: Array<[string, () => layers.Layer[]]> = [
  ['a fused softmax', () => [dense('scores', 3, {activation: 'softmax'})]],
  ['an Activation of softmax', () => [dense('scores'), layers.activation({activation: 'softmax'})]],
  ['a Softmax layer', () => [dense('scores'), layers.softmax()]],
  ['linear logits', () => [dense('scores')]],
];

describe('marginLoss', () => {
  const gradients = ['exact', 'firstOrder'] as const;
  it.each(endings.flatMap(([name, ending]) => gradients.map(gradient => [name, gradient, ending] as const)))(
    'is the loss of a LargeMarginModel, in value and step, for %s (%s)',
    async (_, gradient, ending) => {
      const hidden = () => dense('hidden', 5, {activation: 'tanh', inputShape: [4]});
      const make = () => seeded(sequential({layers: [hidden(), marginRegularizer(), ...ending()]}));
      const {losses} = await expectSameDoors(x, y, {make, options: {gamma: 2, topK: 2, gradient}});
      expect(losses[0]).toBeGreaterThan(1);
    },
  );

  it('takes what a mark sets itself, and the options of the loss for the rest', async () => {
    const options = {gamma: 2, norm: 'l1', marginWeight: 0.7, crossEntropyWeight: 0.3} as const;
    await expectSameDoors(x, y, {make: markedNet, options});
    // The same margin, written out: what mark_x leaves open is of the options, mark_h has all of its own.
    const [model, explicit] = [
      markedNet(),
      new LargeMarginModel(markedNet(), {
        ...options,
        layers: ['mark_x', {name: 'mark_h', gamma: 0.5, norm: 'linf', weight: 2, scale: 'size'}],
      }),
    ];
    model.compile({optimizer: tf.train.sgd(0.1), loss: marginLoss(model, options)});
    explicit.compile({optimizer: tf.train.sgd(0.1)});
    const ours = (await model.trainOnBatch(x, y)) as number;
    expectClose([ours], [((await explicit.trainOnBatch(x, y)) as number[])[0]], 1e-6);
  });

  it('works in fit, fitDataset and trainOnBatch alike', async () => {
    const run = async (train: (model: ReturnType<typeof markedNet>) => Promise<unknown>) => {
      const model = markedNet();
      model.compile({optimizer: tf.train.sgd(0.1), loss: marginLoss(model, {gamma: 1})});
      await train(model);
      return weightsOf(model).flat();
    };
    const [x1, x2] = tf.split(x, 2);
    const [y1, y2] = tf.split(y, 2);
    const byFit = await run(model => model.fit(x, y, {...quiet, epochs: 1}));
    const byBatch = await run(async model => {
      await model.trainOnBatch(x1, y1);
      await model.trainOnBatch(x2, y2);
    });
    const pairs = [
      {xs: x1, ys: y1},
      {xs: x2, ys: y2},
    ];
    const byDataset = await run(model =>
      model.fitDataset(
        batches(() => pairs),
        {epochs: 1, verbose: 0},
      ),
    );
    expect(byBatch).toEqual(byFit);
    expect(byDataset).toEqual(byFit);
    expect(byFit).not.toEqual(weightsOf(markedNet()).flat());
    tf.dispose([x1, x2, y1, y2]);
  });

  it('is more than the label loss in training, and the label loss alone in evaluate and for validation data', async () => {
    for (const softmax of [true, false]) {
      const model = markedNet({softmax});
      const args = {gamma: 5, crossEntropyWeight: 0.25};
      model.compile({optimizer: tf.train.sgd(0), loss: marginLoss(model, args), metrics: ['accuracy']});
      const {history} = await model.fit(x, y, {...quiet, batchSize: 6, epochs: 1, validationData: [x, y]});
      const [loss, accuracy] = (model.evaluate(x, y) as tf.Scalar[]).map(t => t.dataSync()[0]);
      const logits = tf.tidy(() => {
        const outputs = model.predict(x) as tf.Tensor2D;
        return softmax ? tf.log(outputs) : outputs;
      });
      // The mean of -log softmax(logits)_label, by tfjs's own function.
      const expected = tf.losses.softmaxCrossEntropy(y, logits).dataSync()[0];
      expectClose([loss], [expected], 1e-6);
      expectClose(history.val_loss as number[], [expected], 1e-6);
      expect(history.val_acc).toEqual([accuracy]);
      expect(history.loss[0]).toBeGreaterThan(0.25 * expected + 1);
    }
  });

  it('evaluates outputs that underflowed to 0 to a large finite number, and a NaN to NaN', () => {
    const model = markedNet();
    const loss = marginLoss(model, {gamma: 1});
    // -log of the smallest number that is no subnormal: 126 x log 2 + log(1.175 / 1.2) = 87.3.
    const outputs = tf.tensor2d([
      [1, 0, 0],
      [0, 1, 0],
      [NaN, 1, 0],
    ]);
    const [sure, wrong, nan] = loss(labelsOf([0, 0, 0]), outputs).dataSync();
    expectClose([sure, wrong], [0, 87.3159], 1e-5);
    expect(nan).toBeNaN();
    outputs.dispose();
  });

  it('lets the model stay what it is: metrics, summary and prediction are those of the net', async () => {
    const [model, net] = [markedNet(), markedNet()];
    model.compile({optimizer: 'sgd', loss: marginLoss(model, {gamma: 1}), metrics: ['accuracy', 'mse']});
    expect(model.metricsNames).toEqual(['loss', 'acc', 'mse']);
    const [ours, theirs] = [model, net].map(m => (m.predict(x) as tf.Tensor).dataSync());
    expect(ours).toEqual(theirs);
  });

  it('is saved with the net by its marks; as a function it is compiled again after loading', async () => {
    const store = memoryStore();
    const model = markedNet();
    model.compile({optimizer: tf.train.sgd(0.1), loss: marginLoss(model, {gamma: 1})});
    await model.save(store);
    const loaded = await loadLayersModel(store);
    loaded.compile({optimizer: tf.train.sgd(0.1), loss: marginLoss(loaded, {gamma: 1})});
    expect(await loaded.trainOnBatch(x, y)).toBe(await model.trainOnBatch(x, y));
    expect(weightsOf(loaded)).toEqual(weightsOf(model));
    // tfjs would save a bare function as {} and fail when it loads that.
    const error = await errorOf(() => model.save(store, {includeOptimizer: true}));
    expect(String(error)).toContain('non-string loss');
  });
});
