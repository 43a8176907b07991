import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {StepStream} from '../../../plugin/optimizer/step_stream.js';
import {expectNoLeak, expectRefusal} from '../../support/expect_no_leak.js';

describe('a step stream', () => {
  it.each([0, 1, -123456789, 2 ** 31, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])(
    'is read back from its tensors, in whatever order: seed %d',
    seed => {
      const stream = new StepStream(seed);
      stream.steps = 2 ** 24 + 1;
      const weights = stream.getWeights();
      expect(weights.map(({name, tensor}) => [name, tensor.dtype, StepStream.owns(name)])).toEqual([
        ['steps', 'int32', true],
        ['seed', 'int32', true],
      ]);
      expect(expectNoLeak(() => StepStream.read(weights.reverse()))).toEqual({seed, steps: 2 ** 24 + 1});
      stream.dispose();
    },
  );

  it('holds one tensor for each, however often it is asked, and frees them', () => {
    const before = tf.memory().numTensors;
    const stream = new StepStream(3);
    expect(tf.memory().numTensors).toBe(before);
    for (let step = 0; step < 3; step++) {
      stream.steps = step;
      stream.seed = step;
      stream.getWeights();
      stream.getWeights();
      expect(tf.memory().numTensors).toBe(before + 2);
    }
    stream.getWeights().forEach(({tensor}) => tensor.dispose());
    expect(StepStream.read(stream.getWeights())).toEqual({seed: 2, steps: 2});
    stream.dispose();
    stream.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('outlives a tidy in which it is asked', () => {
    const stream = new StepStream(3);
    tf.tidy(() => void stream.getWeights());
    expect(StepStream.read(stream.getWeights())).toEqual({seed: 3, steps: 0});
    stream.dispose();
  });

  it('knows other names as not its own', () => {
    expect(['accumulatedSteps', 'dense/kernel', 'iter'].some(name => StepStream.owns(name))).toBe(false);
  });

  const named = (steps?: tf.Tensor, seed?: tf.Tensor) => [
    ...(steps ? [{name: 'steps', tensor: steps}] : []),
    ...(seed ? [{name: 'seed', tensor: seed}] : []),
  ];
  const [one, bits] = [tf.scalar(1, 'int32'), tf.tensor1d([0, 0], 'int32')];
  const gone = tf.scalar(1, 'int32');
  gone.dispose();
  it.each<[string, ReturnType<typeof named>]>([
    ['steps', named(undefined, bits)],
    ['seed', named(one)],
    ['seed', named(one, one)],
    ['steps', named(bits, bits)],
    ['disposed of', named(gone, bits)],
    ['to count steps', named(tf.scalar(-1, 'int32'), bits)],
    ['to count steps', named(tf.scalar(0.5), bits)],
    ['to be an integer', named(one, tf.tensor1d([1, 1], 'int32'))],
  ])('refuses what it cannot be: %s', async (part, weights) => {
    await expectRefusal(() => StepStream.read(weights), 'weights', part, 'LargeMarginOptimizer');
  });
});
