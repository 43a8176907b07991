import * as tf from '@tensorflow/tfjs-core';
import {input, layers, model} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {marginLoss, marginRegularizer} from '../../../plugin/index.js';
import {expectClose} from '../../support/expect_close.js';
import {expectRefusal} from '../../support/expect_no_leak.js';
import {expectSameDoors} from '../../support/marked_nets.js';
import {randomTensor} from '../../support/randoms.js';
import {apply, dense, labelsOf, seeded, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0]);
const sizes = labelsOf([1, 1, 0, 0, 1, 0], 2);
const value = randomTensor([6, 1], 4);

/** A trunk with a mark; on it the outputs 'classes' (3), 'sizes' (2) and 'value' (1). */
function threeHeads() {
  const x = input({shape: [4], name: 'x'});
  const trunk = apply(marginRegularizer({name: 'mark'}), apply(dense('h', 5, {activation: 'relu'}), x));
  const side = apply(marginRegularizer({name: 'side', gamma: 0.5}), apply(dense('g', 4), trunk));
  const outputs = [
    apply(dense('value', 1), trunk),
    apply(dense('classes', 3, {activation: 'softmax'}), trunk),
    apply(dense('sizes', 2, {activation: 'softmax'}), side),
  ];
  return seeded(model({inputs: x, outputs}));
}

describe('marginLoss for one of several outputs', () => {
  const data = [value, y, sizes];
  const options = {gamma: 1, output: 'classes'};
  const inAList = (loss: unknown) => ['meanSquaredError', loss, 'categoricalCrossentropy'];
  const byName = (loss: unknown) => ({sizes: 'categoricalHinge', classes: loss, value: 'meanSquaredError'});

  it.each([
    ['in a list', inAList],
    ['by name', byName],
  ])('trains as LargeMarginModel does, with the losses %s', async (_, losses) => {
    for (const gradient of ['exact', 'firstOrder'] as const) {
      const args = {make: threeHeads, options: {...options, gradient}, losses};
      await expectSameDoors(x, data, args);
      await expectSameDoors(x, data, {...args, fit: {epochs: 2, batchSize: 3}});
    }
  });

  it('shows the loss of that output with its margin, those of the others without', async () => {
    const net = threeHeads();
    const loss = marginLoss(net, {...options, gamma: 5});
    net.compile({optimizer: tf.train.sgd(0), loss: inAList(loss) as never, metrics: {classes: 'accuracy'}});
    const shown = (await net.trainOnBatch(x, data)) as number[];
    expect(net.metricsNames).toEqual(['loss', 'value_loss', 'classes_loss', 'sizes_loss', 'classes_acc']);
    // tfjs's evaluate gives three running sums of losses first, then what is named.
    const [, , , ...evaluated] = (net.evaluate(x, data) as tf.Scalar[]).map(t => t.dataSync()[0]);
    expectClose([shown[0]], [shown[1] + shown[2] + shown[3]], 1e-6);
    const others = [1, 3, 4];
    expectClose(
      others.map(i => shown[i]),
      others.map(i => evaluated[i - 1]),
      1e-6,
    );
    expect(shown[2]).toBeGreaterThan(evaluated[1] + 1);
  });

  it('may be made for each of two outputs, at the same mark and at others', async () => {
    // 0.1 x the sum of the gradients that each margin has alone, and of the label losses counted once.
    const step = async (weights: [number, number], labels: number) => {
      const net = threeHeads();
      const make = (output: string, marginWeight: number) =>
        marginLoss(net, {gamma: 1, output, marginWeight, crossEntropyWeight: labels});
      const losses = ['meanSquaredError', make('classes', weights[0]), make('sizes', weights[1])];
      net.compile({optimizer: tf.train.sgd(0.1), loss: losses as never});
      await net.trainOnBatch(x, [value, y, sizes]);
      return weightsOf(net).flat();
    };
    const start = weightsOf(threeHeads()).flat();
    const [both, one, other, none] = [
      await step([1, 1], 1),
      await step([1, 0], 1),
      await step([0, 1], 1),
      await step([0, 0], 1),
    ];
    const expected = start.map((_, i) => one[i] + other[i] - none[i]);
    expectClose(both, expected, 1e-6);
    expect(one).not.toEqual(none);
    expect(other).not.toEqual(none);
  });

  it('takes the marks on the way to its own output only', async () => {
    const net = threeHeads();
    // The mark 'side' is not on the way: its gamma is no excuse for the one that is missing.
    await expectRefusal(() => marginLoss(net, {output: 'classes'}), 'gamma');
    await expectRefusal(() => marginLoss(net, {gamma: 1}), 'output', 'value, classes, sizes');
    const x = input({shape: [4], name: 'x2'});
    const marked = apply(marginRegularizer(), apply(dense('m', 4), x));
    const outputs = [apply(dense('a', 3), apply(dense('plain', 4), x)), apply(dense('b', 3), marked)];
    const apart = model({inputs: x, outputs});
    const refused = () => marginLoss(apart, {gamma: 1, output: 'a'});
    await expectRefusal(refused, 'model', 'marginRegularizer layers', 'before its output');
  });

  it('reads the softmax of its own output, also where another output repeats the net', async () => {
    const make = () => {
      const x = input({shape: [4], name: 'x'});
      const trunk = dense('h', 5, {activation: 'tanh'});
      const mark = marginRegularizer({name: 'mark'});
      const at = (x: ReturnType<typeof input>) => apply(mark, apply(trunk, x));
      const classes = apply(dense('classes', 3, {activation: 'softmax'}), at(x));
      // The same trunk and mark once more, for the other output alone.
      const other = apply(dense('other', 1), at(apply(layers.reLU(), x)));
      return seeded(model({inputs: x, outputs: [other, classes]}));
    };
    const losses = (loss: unknown) => ['meanSquaredError', loss];
    await expectSameDoors(x, [value, y], {make, options, losses});
  });
});
