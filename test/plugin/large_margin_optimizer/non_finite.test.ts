import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {
  LargeMarginOptimizer,
  NonFiniteError,
  type LargeMarginOptimizerOptions,
} from '../../../plugin/index.js';
import {errorOf} from '../../support/expect_no_leak.js';
import {bitsOfState, compiledNet, planted, spoil, spoiling, x, y} from '../../support/spoilt_net.js';
import {bitsOf} from '../optimizer/stock.js';

// A step with NaN or Infinity in it moves nothing: weights, moving averages and slots keep their bits.

const withNaN = planted(NaN);

let warn: ReturnType<typeof vi.spyOn>;
beforeEach(() => void (warn = vi.spyOn(console, 'warn').mockImplementation(() => {})));
afterEach(() => warn.mockRestore());

interface Plant {
  name: string;
  /** What the message tells. */
  expected: Partial<NonFiniteError>;
  /** Plants it, and takes the step. */
  step: (model: LayersModel, optimizer: LargeMarginOptimizer) => Promise<unknown>;
}

const variableOf = (model: LayersModel, name: string) =>
  model.weights.find(({originalName}) => originalName === name)!.read() as tf.Variable;

const plants: Plant[] = [
  {
    name: 'the input',
    expected: {term: 'crossEntropy'},
    step: model => model.trainOnBatch(withNaN, y),
  },
  {
    name: 'a weight',
    expected: {term: 'crossEntropy'},
    step: model => {
      const weight = variableOf(model, 'scores/kernel');
      tf.tidy(() => weight.assign(tf.fill(weight.shape, NaN)));
      return model.trainOnBatch(x, y);
    },
  },
  {
    name: 'a gradient',
    expected: {term: undefined, variable: 'hidden/kernel'},
    step: model => {
      spoil(model);
      return model.trainOnBatch(x, y);
    },
  },
  {
    name: 'the learning rate',
    expected: {term: 'learningRate'},
    step: (model, optimizer) => {
      const {inner} = (optimizer as unknown as {stepper: {inner: object}}).stepper;
      Reflect.set(inner, 'learningRate', NaN);
      return model.trainOnBatch(x, y);
    },
  },
];

describe.each(plants)('NaN or Infinity in $name', ({expected, step}) => {
  it.each([1, 5])('is an error by default in step %i, which names it, and changes nothing', async at => {
    const {model, optimizer} = compiledNet({});
    for (let i = 1; i < at; i++) await model.trainOnBatch(x, y);
    const before = await bitsOfState(model, optimizer);
    const count = tf.memory().numTensors;
    const error = (await errorOf(() => step(model, optimizer))) as NonFiniteError;
    expect(tf.memory().numTensors).toBe(count);
    expect(error).toBeInstanceOf(NonFiniteError);
    const {variable, ...rest} = expected;
    expect(error).toMatchObject({step: at - 1, ...rest});
    // tfjs numbers the names of variables.
    if (variable) expect(error.variable).toMatch(new RegExp(`^${variable}(_\\d+)?$`));
    expect(error.message).toContain(`in step ${at - 1}`);
    const after = await bitsOfState(model, optimizer);
    // A weight that was planted is the test's own.
    const isOther = ([name]: (typeof after.weights)[number]) => name !== 'scores/kernel';
    expect(after.slots).toEqual(before.slots);
    expect(after.weights.filter(isOther)).toEqual(before.weights.filter(isOther));
  });

  it("is left out with 'skip', and with 'stop', which ends it", async () => {
    for (const nonFinite of ['skip', 'stop'] as const) {
      const {model, optimizer} = compiledNet({nonFinite});
      for (let i = 0; i < 2; i++) await model.trainOnBatch(x, y);
      const before = await bitsOfState(model, optimizer);
      await step(model, optimizer);
      const after = await bitsOfState(model, optimizer);
      const isOther = ([name]: (typeof after.weights)[number]) => name !== 'scores/kernel';
      expect(after.slots).toEqual(before.slots);
      expect(after.weights.filter(isOther)).toEqual(before.weights.filter(isOther));
      expect(optimizer.stopped).toBe(nonFinite === 'stop');
    }
  });
});

describe('a margin that is not finite', () => {
  /** Scores that do not see what is infinite in the activation: the cross-entropy is finite. */
  function observed(options: LargeMarginOptimizerOptions, bad: boolean) {
    const w = tf.variable(tf.tensor2d([[1, 0, -1], [0.5, 1, 0]]), true); // prettier-ignore
    const optimizer = new LargeMarginOptimizer(tf.train.momentum(0.1, 0.9), {gamma: 1, ...options});
    const step = () =>
      optimizer.minimize(() => {
        const h = tf.tensor2d([[1, 2], [3, 4]]); // prettier-ignore
        const steep = bad ? spoiling(() => NaN)(h) : h;
        const logits = tf.matMul(steep as tf.Tensor2D, w as tf.Tensor as tf.Tensor2D) as tf.Tensor2D;
        const labels = tf.tensor1d([0, 1], 'int32');
        optimizer.observe({labels, logits, activations: {middle: h}});
        return tf.losses.softmaxCrossEntropy(tf.oneHot(labels, 3), logits) as tf.Scalar;
      });
    return {w, optimizer, step};
  }

  it.each(['exact', 'firstOrder'] as const)(
    'names the layer, where the label loss is sound (%s)',
    gradient => {
      const {w, step} = observed({gradient}, true);
      const before = bitsOf(w);
      const error = thrownBy(step);
      expect(error).toMatchObject({step: 0, term: 'margin_middle', layer: 'middle', variable: undefined});
      expect(error.message).toMatch(/term margin_middle, at layer middle, in step 0/);
      expect(bitsOf(w)).toEqual(before);
      w.dispose();
    },
  );

  it('counts also where its weight is 0: 0 x NaN is NaN', () => {
    const {w, step} = observed({marginWeight: 0}, true);
    expect(thrownBy(step)).toMatchObject({term: 'margin_middle'});
    w.dispose();
  });

  it('does not come of what is sound', () => {
    const {w, step} = observed({}, false);
    step();
    w.dispose();
  });

  it('comes of an activation that is infinite, and an infinite activation of an infinite input', async () => {
    const {model, optimizer} = compiledNet({gradient: 'exact'});
    await model.trainOnBatch(x, y);
    const before = await bitsOfState(model, optimizer);
    const infinite = planted(Infinity);
    const error = await errorOf(() => model.trainOnBatch(infinite, y));
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(await bitsOfState(model, optimizer)).toEqual(before);
    infinite.dispose();
  });
});

function thrownBy(f: () => unknown): NonFiniteError {
  try {
    f();
  } catch (error) {
    return error as NonFiniteError;
  }
  throw new Error('nothing was thrown');
}

describe('gradients that are applied', () => {
  it('are looked at too: nothing moves where one is not finite', async () => {
    const v = tf.variable(tf.tensor1d([1, 2]), true, 'non_finite/applied');
    const [sound, bad] = [tf.tensor1d([1, 1]), tf.tensor1d([1, NaN])];
    const optimizer = new LargeMarginOptimizer(tf.train.momentum(0.1, 0.9));
    optimizer.applyGradients({[v.name]: sound});
    const before = [bitsOf(v), (await optimizer.getWeights()).map(({tensor}) => bitsOf(tensor))];
    expect(() => optimizer.applyGradients({[v.name]: bad})).toThrow('in the gradient of non_finite/applied');
    expect([bitsOf(v), (await optimizer.getWeights()).map(({tensor}) => bitsOf(tensor))]).toEqual(before);
    optimizer.dispose();
    tf.dispose([v, sound, bad]);
  });
});
