import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel, type Norm} from '../../../plugin/index.js';
import {isTapeLive} from '../../../src/distance/live_tape.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {convNet, denseNet, labelsOf, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([7, 5], 1);
const labels = [0, 1, 2, 3, 0, 1, 2];
const y = labelsOf(labels, 4);

/** x w + b -> softmax: the classes are parted by hyperplanes. */
const linear = (softmax = true) => denseNet({units: [], inputs: 5, classes: 4, softmax});

/** ||v||_q with 1/p + 1/q = 1, in float64. */
function dual(v: number[], norm: Norm): number {
  const p = {l1: 1, l2: 2, linf: Infinity}[norm as string] ?? (norm as number);
  if (p === 1) return Math.max(...v.map(Math.abs));
  const q = p === Infinity ? 1 : p / (p - 1);
  return v.reduce((total, value) => total + Math.abs(value) ** q, 0) ** (1 / q);
}

/** Distance of each example to the hyperplane between its label and each other class, nearest rival score first. */
function closedForm(model: LargeMarginModel, norm: Norm, topK: number): number[][] {
  const [w, b] = model.getWeights().map(t => t.arraySync()) as [number[][], number[]];
  return (x.arraySync() as number[][]).map((row, i) => {
    const scores = b.map((bias, c) => row.reduce((total, value, j) => total + value * w[j][c], bias));
    const rivals = b.map((_, c) => c).filter(c => c !== labels[i]);
    rivals.sort((r, s) => scores[s] - scores[r]);
    const distance = (c: number) =>
      (scores[labels[i]] - scores[c]) /
      dual(
        w.map(weights => weights[labels[i]] - weights[c]),
        norm,
      );
    return rivals.slice(0, topK).map(distance);
  });
}

describe('distances', () => {
  it.each<Norm>(['l1', 'l2', 'linf', 3, 1.5])(
    'of a linear softmax net are those to hyperplanes in %s',
    norm => {
      const model = new LargeMarginModel(linear(), {gamma: 1, norm, topK: 3, epsilon: 1e-12});
      const {input} = expectNoLeak(() => model.distances(x, y));
      expect(input.shape).toEqual([7, 3]);
      const expected = closedForm(model, norm, 3);
      expectClose(input.dataSync(), expected.flat(), 1e-5);
      expect(expected.flat().some(d => d < 0)).toBe(true);
      input.dispose();
    },
  );

  it('in l2 are where the example would have to move: at the foot of the perpendicular two scores tie', () => {
    const model = new LargeMarginModel(linear(), {gamma: 1, epsilon: 1e-12});
    const [w] = model.getWeights().map(t => t.arraySync()) as [number[][]];
    const {input} = model.distances(x, y);
    const scores = (model.predict(x) as tf.Tensor2D).arraySync();
    const moved = (x.arraySync() as number[][]).map((row, i) => {
      const rival = scores[i]
        .map((_, c) => c)
        .filter(c => c !== labels[i])
        .reduce((a, c) => (scores[i][a] > scores[i][c] ? a : c));
      const normal = w.map(weights => weights[labels[i]] - weights[rival]);
      const length = Math.hypot(...normal);
      return {row: row.map((value, j) => value - (input.dataSync()[i] * normal[j]) / length), rival};
    });
    const after = (model.predict(tf.tensor2d(moved.map(m => m.row))) as tf.Tensor2D).arraySync();
    expectClose(
      after.map((p, i) => p[labels[i]]),
      after.map((p, i) => p[moved[i].rival]),
      1e-5,
    );
  });

  it('do not depend on whether the net says softmax or gives logits', () => {
    const options = {gamma: 1, topK: 2} as const;
    const [a, b] = [true, false].map(s =>
      new LargeMarginModel(linear(s), options).distances(x, y).input.dataSync(),
    );
    expectClose(a, b, 1e-6);
  });

  it('take the predicted class for a label that is not given', () => {
    const model = new LargeMarginModel(linear(), {gamma: 1});
    const predicted = tf.tidy(() => (model.predict(x) as tf.Tensor).argMax(1));
    expectClose(model.distances(x).input.dataSync(), model.distances(x, predicted).input.dataSync(), 0);
    expect(Math.min(...model.distances(x).input.dataSync())).toBeGreaterThanOrEqual(0);
  });

  it('are negative exactly where the label is not the prediction', () => {
    const model = new LargeMarginModel(denseNet({inputs: 5, classes: 4}), {
      gamma: 1,
      layers: ['input', 'hidden1', 'output'],
    });
    const predicted = tf.tidy(() => (model.predict(x) as tf.Tensor).argMax(1).dataSync());
    const wrong = labels.map((label, i) => label !== predicted[i]);
    for (const d of Object.values(model.distances(x, y)))
      expect(Array.from(d.dataSync(), v => v < 0)).toEqual(wrong);
  });

  it('do not depend on the batch size, and come for the examples in order', () => {
    const net = convNet();
    const pictures = randomTensor([5, 6, 6, 2], 4);
    const model = new LargeMarginModel(net, {
      gamma: 1,
      topK: 2,
      norm: 'linf',
      layers: ['input', 'conv1', 'conv2'],
    });
    const [whole, parts] = [32, 2].map(batchSize => model.distances(pictures, undefined, {batchSize}));
    for (const name of Object.keys(whole)) expectClose(parts[name].dataSync(), whole[name].dataSync(), 1e-5);
    const [last] = tf.tidy(() => model.distances(pictures.slice(4, 1)).conv1.arraySync());
    expectClose(last, (whole.conv1.arraySync() as number[][])[4], 1e-5);
  });

  it('are first-order whatever the gradient mode, and take the top rivals whatever the rivals', () => {
    const net = denseNet({inputs: 5, classes: 4});
    const of = (rest: object) =>
      new LargeMarginModel(net, {gamma: 1, topK: 2, ...rest}).distances(x, y).hidden1.dataSync();
    expectClose(of({gradient: 'firstOrder'}), of({}), 0);
    expectClose(of({rivals: 'random', seed: 1}), of({}), 0);
  });

  it('change neither the weights nor the tape', () => {
    const model = new LargeMarginModel(linear(), {gamma: 1});
    const before = weightsOf(model);
    tf.dispose(model.distances(x, y));
    expect(weightsOf(model)).toEqual(before);
    expect(isTapeLive()).toBe(false);
  });

  it('may be measured inside a custom loop, on the live tape', () => {
    const model = new LargeMarginModel(linear(), {gamma: 1});
    const outside = Array.from(model.distances(x, y).input.dataSync());
    const {value, grads} = tf.variableGrads(() => tf.mean(model.distances(x, y).input) as tf.Scalar);
    expectClose(value.dataSync(), [outside.reduce((a, b) => a + b) / 7], 1e-5);
    expect(Object.keys(grads).length).toBeGreaterThan(0);
    tf.dispose([value, grads]);
  });

  it('refuse bad data and labels', async () => {
    const model = new LargeMarginModel(linear(), {gamma: 1});
    const [nan, empty, wide, short] = [
      tf.fill([2, 5], NaN),
      tf.zeros([0, 5]),
      tf.zeros([2, 6]),
      tf.zeros([3]),
    ];
    await expectRefusal(() => model.distances(nan), 'x', 'finite');
    await expectRefusal(() => model.distances(empty), 'x', 'at least one example');
    await expectRefusal(() => model.distances(wide), 'x', '[any,5]', '[2,6]');
    await expectRefusal(() => model.distances(x, short), 'labels', '[7]');
  });

  it.each([0, -2, NaN, 1.5])('refuse the batch size %s', async batchSize => {
    const model = new LargeMarginModel(linear(), {gamma: 1});
    // A size of 0 would go on for ever: stop it at its first batch.
    model.baseModel.call = () => {
      throw new Error('the model was run');
    };
    await expectRefusal(() => model.distances(x, y, {batchSize}), 'batchSize', String(batchSize));
  });
});
