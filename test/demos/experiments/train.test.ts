import * as tf from '@tensorflow/tfjs-node';
import {describe, expect, it} from 'vitest';
import {readMnist, take} from '../../../demos/experiments/data/mnist.js';
import {accuracy} from '../../../demos/experiments/measure.js';
import type {Recipe} from '../../../demos/experiments/recipe.js';
import * as attacks from '../../../demos/experiments/recipes/attacks.js';
import * as noise from '../../../demos/experiments/recipes/noisy_labels.js';
import {trainNet} from '../../../demos/experiments/train.js';

const {train, validation} = readMnist(0);
const few = take(train, 1024);

async function run(recipe: Recipe, seed = 1) {
  const losses: number[] = [];
  const {net} = await trainNet({
    ...{recipe: {...recipe, epochs: 1}, kind: 'small' as const, seed, train: few},
    onStep: ({crossEntropy}) => losses.push(crossEntropy),
    onEpoch: () => {},
    isStopped: () => false,
  });
  const right = accuracy(net, take(validation, 500));
  net.dispose();
  return {losses, right};
}

describe('the training loop of the main job', () => {
  it.each([
    ['cross-entropy', attacks.crossEntropy],
    ['exact margin', attacks.largeMargin],
    ['margin of the authors', noise.largeMargin],
  ])('learns digits (%s) and leaves no tensor', async (_, recipe) => {
    const before = tf.memory().numTensors;
    const {losses, right} = await run(recipe);
    expect(losses.every(Number.isFinite)).toBe(true);
    // Chance is 0.1; four to eight steps on 1,024 pictures are enough to leave it.
    expect(right).toBeGreaterThan(0.2);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('gives the same numbers for the same seed, and others for another', async () => {
    const first = await run(noise.largeMargin);
    expect((await run(noise.largeMargin)).losses).toEqual(first.losses);
    expect((await run(noise.largeMargin, 2)).losses).not.toEqual(first.losses);
  });

  it('counts regularizers of the strong baseline, and seeds its dropout', async () => {
    const {losses} = await run(noise.regularized);
    expect(losses.at(-1)).toBeLessThan(losses[0]);
    expect((await run(noise.regularized)).losses).toEqual(losses);
  });
});
