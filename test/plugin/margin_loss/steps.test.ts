import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {marginLoss, marginRegularizer, schedules} from '../../../plugin/index.js';
import type {MarginLossOptions} from '../../../plugin/index.js';
import {expectClose} from '../../support/expect_close.js';
import {expectSameDoors, markedNet} from '../../support/marked_nets.js';
import {randomTensor} from '../../support/randoms.js';
import {dense, labelsOf, seeded, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0]);
const fit = {epochs: 3, batchSize: 2};

/** The loss of each of some steps that change no weight. */
async function lossesOf(options: MarginLossOptions, steps: number, net = markedNet()): Promise<number[]> {
  net.compile({optimizer: tf.train.sgd(0), loss: marginLoss(net, options)});
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) losses.push((await net.trainOnBatch(x, y)) as number);
  return losses;
}

describe('marginLoss counts its steps', () => {
  it('and draws random rivals by seed and step, as LargeMarginModel does', async () => {
    const options = {gamma: 3, rivals: 'random', seed: 7} as const;
    await expectSameDoors(x, y, {make: markedNet, options, fit});
    const [first, again] = [await lossesOf(options, 5), await lossesOf(options, 5)];
    expect(again).toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(1);
    expect(await lossesOf({...options, seed: 8}, 5)).not.toEqual(first);
  });

  it('and without a seed draws its own', () => {
    const seeds = [1, 2, 3].map(() => marginLoss(markedNet(), {gamma: 1}).stream.seed);
    expect(new Set(seeds).size).toBe(3);
    expect(marginLoss(markedNet(), {gamma: 1, seed: 42}).stream).toEqual({seed: 42, steps: 0});
  });

  it('and lets weights, gamma and the settings of a mark change with them, as LargeMarginModel does', async () => {
    const options = {
      gamma: schedules.exponentialDecay({initial: 2, decayRate: 0.5, decaySteps: 3}),
      marginWeight: schedules.warmUp({steps: 4, then: 1}),
      crossEntropyWeight: schedules.piecewiseConstant({boundaries: [2, 5], values: [1, 0.5, 0.25]}),
    };
    const make = () =>
      seeded(
        sequential({
          layers: [
            dense('h', 5, {inputShape: [4], activation: 'tanh'}),
            marginRegularizer({weight: schedules.delay({steps: 3, then: 2})}),
            marginRegularizer({gamma: schedules.cosineDecay({initial: 3, decaySteps: 6, alpha: 0.1})}),
            dense('scores'),
          ],
        }),
      );
    await expectSameDoors(x, y, {make, options, fit});
  });

  it('and takes what each step is worth by hand', async () => {
    // loss = label loss + w(step) x margin, with w = 0, 0, 2, 3 (boundaries at 2 and 3).
    const weight = schedules.piecewiseConstant({boundaries: [2, 3], values: [0, 2, 3]});
    const losses = await lossesOf({gamma: 2, marginWeight: weight}, 4);
    const [label] = await lossesOf({gamma: 2, marginWeight: 0}, 1);
    const [one] = await lossesOf({gamma: 2}, 1);
    const margin = one - label;
    expect(margin).toBeGreaterThan(0.5);
    expectClose(losses, [label, label, label + 2 * margin, label + 3 * margin], 1e-6);
  });

  it('but none that fails, and none in evaluate, in validation and in predict', async () => {
    const net = markedNet();
    const loss = marginLoss(net, {gamma: 1});
    net.compile({optimizer: tf.train.sgd(0.1), loss});
    await net.fit(x, y, {epochs: 2, batchSize: 3, verbose: 0, validationData: [x, y]});
    tf.dispose([net.evaluate(x, y) as tf.Scalar, net.predict(x) as tf.Tensor]);
    expect(loss.stream.steps).toBe(4);
    await expect(net.trainOnBatch(x, tf.zerosLike(y))).rejects.toThrow('one-hot');
    expect(loss.stream.steps).toBe(4);
  });

  it('from where its stream says: a training that was cut off goes on with the same numbers', async () => {
    const options = {
      gamma: schedules.warmUp({steps: 6, from: 0.5, then: 2}),
      rivals: 'random',
      seed: 3,
    } as const;
    const whole = markedNet();
    whole.compile({optimizer: tf.train.sgd(0.1), loss: marginLoss(whole, options)});
    const run = async (net: typeof whole, steps: number) => {
      for (let step = 0; step < steps; step++) await net.trainOnBatch(x, y);
    };
    await run(whole, 6);
    const first = markedNet();
    const loss = marginLoss(first, options);
    first.compile({optimizer: tf.train.sgd(0.1), loss});
    await run(first, 4);
    const second = markedNet({seed: 2});
    second.setWeights(first.getWeights());
    const rest = marginLoss(second, options);
    Object.assign(rest.stream, loss.stream);
    second.compile({optimizer: tf.train.sgd(0.1), loss: rest});
    await run(second, 2);
    expect(weightsOf(second)).toEqual(weightsOf(whole));
  });

  it('in the order of the batches, whatever dropout draws', async () => {
    const make = () =>
      seeded(
        sequential({
          layers: [
            dense('h', 8, {inputShape: [4], activation: 'relu'}),
            layers.dropout({rate: 0.5, seed: 11}),
            marginRegularizer(),
            dense('scores', 3, {activation: 'softmax'}),
          ],
        }),
      );
    await expectSameDoors(x, y, {make, options: {gamma: 1, rivals: 'random', seed: 2}, fit});
  });
});
