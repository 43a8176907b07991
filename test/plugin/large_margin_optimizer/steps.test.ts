import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {
  LargeMarginModel,
  LargeMarginOptimizer,
  schedules,
  valueAt,
  type LargeMarginOptimizerOptions,
  type Schedule,
} from '../../../plugin/index.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf, weightsOf} from '../../support/tiny_models.js';
import {STOCK} from '../optimizer/stock.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0]);
// The gradient of the whole is far from that of either part.
const MARGIN = {gamma: 3, marginWeight: 2, crossEntropyWeight: 0.5, clip: null} as const;

function compiled(inner: tf.Optimizer | string, options: LargeMarginOptimizerOptions) {
  const model = denseNet();
  const optimizer = new LargeMarginOptimizer(inner, {...MARGIN, ...options, model});
  model.compile({optimizer, loss: 'categoricalCrossentropy'});
  return {model, optimizer};
}

const flat = (model: LayersModel) => weightsOf(model).flat();
const lengthOf = (values: number[]) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));

/** Minus the gradient of margin and label loss together, at the start. */
function wholeSlope(): number[] {
  const model = new LargeMarginModel(denseNet(), MARGIN);
  const variables = model.trainableWeights.map(weight => weight.read() as tf.Variable);
  return tf.tidy(() => {
    const {grads} = tf.variableGrads(() => model.computeLoss(x, y).loss, variables);
    return variables.flatMap(v => Array.from(tf.neg(grads[v.name]).dataSync()));
  });
}

/** How far one step of rate 1 goes. */
async function oneStep(options: LargeMarginOptimizerOptions): Promise<number[]> {
  const {model} = compiled(tf.train.sgd(1), options);
  const before = flat(model);
  await expectNoLeakAsync(async () => void (await model.trainOnBatch(x, y)));
  return flat(model).map((value, i) => value - before[i]);
}

describe('clipping', () => {
  const slope = wholeSlope();

  it('is of the gradient of margin and label loss together, by its norm', async () => {
    const length = lengthOf(slope);
    const clipped = await oneStep({globalClipNorm: length / 3});
    expectClose(clipped, slope.map(value => value / 3), 1e-5); // prettier-ignore
    expectClose([lengthOf(clipped)], [length / 3], 1e-6);
    // A gradient that is not too long is left as it is.
    expect(await oneStep({globalClipNorm: length * 1.01})).toEqual(await oneStep({}));
  });

  it('or by its values', async () => {
    const limit = Math.max(...slope.map(Math.abs)) / 4;
    const expected = slope.map(value => Math.max(-limit, Math.min(limit, value)));
    expectClose(await oneStep({clipValue: limit}), expected, 1e-5);
  });

  it('at the authors’ 5 bounds a step of a margin that asks for much', async () => {
    const step = await oneStep({gamma: 1e4, globalClipNorm: 5, marginWeight: 1e4});
    expectClose([lengthOf(step)], [5], 1e-5);
  });
});

describe('the learning rate', () => {
  const schedule: Schedule = schedules.warmUp({
    steps: 2,
    from: 0.001,
    then: schedules.exponentialDecay({initial: 0.02, decaySteps: 2, decayRate: 0.5, staircase: true}),
  });

  it.each(Object.entries(STOCK))(
    'follows a schedule, as if set by hand before each step (%s)',
    async (_, make) => {
      const {model, optimizer} = compiled(make(), {learningRate: schedule});
      const inner = make();
      const other = new LargeMarginModel(denseNet(), MARGIN);
      other.compile({optimizer: inner});
      for (let step = 0; step < 6; step++) {
        const rate = valueAt(schedule, step);
        expect(optimizer.learningRate).toBe(rate);
        if ('setLearningRate' in inner) (inner as tf.SGDOptimizer).setLearningRate(rate);
        else Reflect.set(inner, 'learningRate', rate);
        await expectNoLeakAsync(async () => {
          if (step === 0) return;
          await model.trainOnBatch(x, y);
        });
        if (step === 0) await model.trainOnBatch(x, y);
        await other.trainOnBatch(x, y);
        // Equal but for the order in which float32 adds up; what divides by small slots makes more of it.
        expectClose(flat(model), flat(other), 1e-5);
      }
      optimizer.dispose();
    },
  );

  it('may be a number, in place of the inner optimizer’s', async () => {
    const [given, own] = [compiled(tf.train.sgd(9), {learningRate: 0.1}), compiled(tf.train.sgd(0.1), {})];
    expect([given.optimizer.learningRate, own.optimizer.learningRate]).toEqual([0.1, 0.1]);
    for (const {model} of [given, own]) await model.trainOnBatch(x, y);
    expect(flat(given.model)).toEqual(flat(own.model));
  });

  it('counts steps that were taken: one that was left out is none', async () => {
    const {model, optimizer} = compiled('sgd', {learningRate: schedule, nonFinite: 'skip'});
    const bad = tf.fill([6, 4], NaN);
    await model.trainOnBatch(bad, y);
    expect([optimizer.iterations, optimizer.stream.steps, optimizer.learningRate]).toEqual([0, 1, 0.001]);
    await model.trainOnBatch(x, y);
    expect([optimizer.iterations, optimizer.stream.steps]).toEqual([1, 2]);
    expect(optimizer.learningRate).toBe(valueAt(schedule, 1));
    bad.dispose();
  });

  it('can be set between steps, as a program does with tfjs’s own', async () => {
    for (const options of [{}, {learningRate: 0.3}]) {
      const {model, optimizer} = compiled(tf.train.momentum(0.3, 0.9), options);
      const other = compiled(tf.train.momentum(0.1, 0.9), {});
      optimizer.setLearningRate(0.2);
      expect(optimizer.learningRate).toBe(0.2);
      optimizer.learningRate = 0.1;
      for (const net of [model, other.model]) await net.trainOnBatch(x, y);
      expect(flat(model)).toEqual(flat(other.model));
      const {inner, step} = optimizer.getConfig() as {inner: {config: object}; step: object};
      expect([inner.config, step]).toMatchObject([
        {learningRate: 0.1},
        'learningRate' in options ? {learningRate: 0.1} : {},
      ]);
    }
  });

  it('cannot be set where a schedule decides it, nor to what is no rate', async () => {
    const {optimizer} = compiled('adam', {learningRate: schedule});
    await expectRefusal(() => optimizer.setLearningRate(0.1), 'learningRate', 'schedule');
    const free = compiled('adam', {}).optimizer;
    for (const value of [-1, NaN, Infinity])
      await expectRefusal(() => (free.learningRate = value), 'value', 'finite number >= 0');
    expect(free.learningRate).toBe(0.001);
  });

  it('is refused for an optimizer that has none', async () => {
    class Still extends tf.Optimizer {
      static className = 'Still';
      applyGradients(): void {}
      getConfig() {
        return {};
      }
    }
    const inner = new Still();
    await expectRefusal(
      () => new LargeMarginOptimizer(inner, {learningRate: 0.1}),
      'optimizer',
      'learningRate',
    );
    const adapter = new LargeMarginOptimizer(inner);
    await expectRefusal(() => adapter.learningRate, 'optimizer', 'learningRate');
    adapter.applyGradients([]);
  });
});
