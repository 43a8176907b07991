import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../../plugin/index.js';
import {batches} from '../../support/batches.js';
import {errorOf, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {labelsOf, seeded, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([4, 4], 1);
const y = labelsOf([0, 1, 2, 1]);

/** dense -> batch norm -> dense, compiled, after a first step that makes the optimizer's own tensors. */
async function started(options: object = {}, compile: object = {}): Promise<LargeMarginModel> {
  const base = seeded(
    sequential({
      layers: [
        layers.dense({units: 5, inputShape: [4], activation: 'relu', name: 'h'}),
        layers.batchNormalization({name: 'bn'}),
        layers.dense({units: 3, activation: 'softmax', name: 's'}),
      ],
    }),
  );
  const model = new LargeMarginModel(base, {gamma: 1, ...options});
  model.compile({optimizer: 'adam', metrics: ['accuracy'], ...compile});
  await model.fit(x, y, {epochs: 1, verbose: 0});
  return model;
}

type Bad = [string, 'x' | 'labels', () => {x?: tf.Tensor; y?: tf.Tensor}, string[]];
const rows = (...values: number[][]) => tf.tensor2d(values);
const bad: Bad[] = [
  ['NaN in x', 'x', () => ({x: tf.fill([4, 4], NaN)}), ['finite', 'NaN', 'clean the data']],
  ['Infinity in x', 'x', () => ({x: tf.fill([4, 4], Infinity)}), ['finite']],
  ['an empty batch', 'x', () => ({x: tf.zeros([0, 4]), y: tf.zeros([0, 3])}), ['at least one example']],
  ['x of another shape', 'x', () => ({x: tf.zeros([4, 5])}), ['[any,4]', '[4,5]']],
  ['labels of another shape', 'labels', () => ({y: tf.zeros([4, 4])}), ['[4, 3]', '[4, 4]']],
  ['labels of another batch', 'labels', () => ({y: labelsOf([0, 1])}), ['[4, 3]', '[2, 3]']],
  ['soft labels', 'labels', () => ({y: tf.fill([4, 3], 1 / 3)}), ['one-hot', 'example 0']],
  [
    'two ones',
    'labels',
    () => ({y: rows([1, 0, 0], [0, 1, 1], [0, 0, 1], [1, 0, 0])}),
    ['one-hot', 'example 1'],
  ],
  ['NaN labels', 'labels', () => ({y: tf.fill([4, 3], NaN)}), ['one-hot']],
];
const sparse: Bad[] = [
  ['an index too large', 'labels', () => ({y: rows([0], [1], [3], [0])}), ['0..2', 'example 2', 'got 3']],
  ['a negative index', 'labels', () => ({y: rows([0], [-1], [1], [0])}), ['0..2', 'example 1', 'got -1']],
  ['half an index', 'labels', () => ({y: rows([0.5], [1], [1], [0])}), ['0..2', 'got 0.5']],
];
const indexLabels = {loss: 'sparseCategoricalCrossentropy'};

type Call = (model: LargeMarginModel, x: tf.Tensor, y: tf.Tensor) => unknown;
const quiet = {epochs: 1, verbose: 0} as const;
const calls: Array<[string, Call]> = [
  ['fit', (m, x, y) => m.fit(x, y, quiet)],
  ['fit, as validation data', (m, a, b) => m.fit(x, y, {...quiet, validationData: [a, b]})],
  [
    'fitDataset',
    (m, x, y) =>
      m.fitDataset(
        batches(() => [{xs: x, ys: y}]),
        quiet,
      ),
  ],
  ['trainOnBatch', (m, x, y) => m.trainOnBatch(x, y)],
  ['evaluate', (m, x, y) => m.evaluate(x, y)],
  [
    'evaluateDataset',
    (m, x, y) =>
      m.evaluateDataset(
        batches(() => [{xs: x, ys: y}]),
        {},
      ),
  ],
  ['computeLoss', (m, x, y) => m.computeLoss(x, y)],
  ['computeLoss on a tape', (m, x, y) => tf.variableGrads(() => m.computeLoss(x, y).loss)],
  ['distances', (m, x, y) => m.distances(x, y)],
];

/** Refused with an ArgumentError, no tensor left behind, every weight, average and slot bit for bit as before. */
async function expectUnchanged(
  model: LargeMarginModel,
  [, argument, make, parts]: Bad,
  call: Call,
): Promise<void> {
  const given = make();
  const before = weightsOf(model);
  const slots = async () =>
    (await model.optimizer.getWeights()).map(({tensor}) => Array.from(tensor.dataSync()));
  const optimizer = await slots();
  await expectRefusal(() => call(model, given.x ?? x, given.y ?? y), argument, 'LargeMarginModel', ...parts);
  expect(weightsOf(model)).toEqual(before);
  expect(await slots()).toEqual(optimizer);
  tf.dispose(given);
  // The model is not stuck either.
  expect(
    await model.trainOnBatch(
      x,
      model.loss === 'sparseCategoricalCrossentropy' ? rows([0], [1], [2], [1]) : y,
    ),
  ).toHaveLength(6);
}

describe.each(calls)('%s refuses, changing nothing and leaving nothing,', (name, call) => {
  // tfjs itself compares the batch sizes of a dataset before it hands anything on.
  const ours = bad.filter(([what]) => !(/Dataset/.test(name) && what === 'labels of another batch'));

  it.each(ours)('%s', async (...entry) => {
    await expectUnchanged(await started(), entry, call);
  });
});

describe.each(calls)('%s refuses class indices, changing nothing and leaving nothing,', (_, call) => {
  it.each(sparse)('%s', async (...entry) => {
    const model = new LargeMarginModel((await started()).baseModel, {gamma: 1});
    model.compile({optimizer: 'adam', metrics: ['accuracy'], ...indexLabels} as never);
    await model.trainOnBatch(x, rows([0], [1], [2], [1]));
    // Good labels for fit, where the bad ones are the validation data.
    const good = rows([0], [1], [2], [1]);
    const run: Call = (m, a, b) =>
      call === calls[1][1] ? m.fit(x, good, {...quiet, validationData: [a, b]}) : call(m, a, b);
    await expectUnchanged(model, entry, run);
    good.dispose();
  });
});

describe('labels of a shape that the label loss does not take are refused like all others', () => {
  const indices = rows([0], [1], [2], [1]);
  const compiled: Array<[string, Call]> = calls.filter(([name]) => /fit|train|evaluate/.test(name));

  it.each(compiled)('%s: class indices for categoricalCrossentropy', async (_, call) => {
    const model = await started();
    await expectRefusal(() => call(model, x, indices), 'labels', '[4, 3]', '[4, 1]');
  });

  it('fit: one-hot rows for sparseCategoricalCrossentropy', async () => {
    const model = new LargeMarginModel((await started()).baseModel, {gamma: 1});
    model.compile({optimizer: 'adam', ...indexLabels} as never);
    await expectRefusal(() => model.fit(x, y, quiet), 'labels', '[4, 3]');
  });
});

describe('a dataset that goes bad after a good batch', () => {
  const bad = tf.fill([4, 4], NaN);
  const data = () =>
    batches(() => [
      {xs: x, ys: y},
      {xs: bad, ys: y},
    ]);

  it('is refused by fitDataset, and no tensor of ours is left', async () => {
    const model = await started();
    const plain = model.baseModel;
    const error = await errorOf(() => model.fitDataset(data(), quiet));
    expect(String(error)).toContain('finite');
    expect(plain.weights.every(weight => !weight.read().isDisposed)).toBe(true);
    // tfjs's own logger keeps a running total of each of the six logged numbers when an epoch is cut off.
    const before = tf.memory().numTensors;
    await errorOf(() => model.fitDataset(data(), quiet));
    expect(tf.memory().numTensors - before).toBeLessThanOrEqual(6);
  });
});

describe('an operation that only the run can refuse', () => {
  const runs: Call[] = [(m, x, y) => m.trainOnBatch(x, y), (m, x, y) => m.computeLoss(x, y)];

  it.each(runs)('leaves weights and moving averages as they were: %s', async run => {
    // A layer of the user's own: nobody knows what it does before it runs.
    const model = await started();
    const norm = model.getLayer('bn');
    const call = norm.call.bind(norm);
    norm.call = (inputs, kwargs) =>
      tf.tidy(() => {
        const normed = call(inputs, kwargs) as tf.Tensor;
        return tf.mul(normed, tf.prod(normed, 1, true));
      });
    const before = weightsOf(model);
    await expectRefusal(() => run(model, x, y), 'gradient', 'Prod (layer bn)', "'firstOrder'");
    expect(weightsOf(model)).toEqual(before);
    // On a tape of the user's own what it saved is the user's, or rather tfjs's; the weights are not.
    expect(String(await errorOf(() => tf.variableGrads(() => model.computeLoss(x, y).loss)))).toContain(
      'Prod',
    );
    expect(weightsOf(model)).toEqual(before);
  });
});
