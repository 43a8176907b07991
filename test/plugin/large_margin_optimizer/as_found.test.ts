import * as tf from '@tensorflow/tfjs-core';
import {Callback, layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {NonFiniteError, type LargeMarginOptimizerOptions} from '../../../plugin/index.js';
import {adapted} from '../../support/adapted_nets.js';
import {engineSnapshot, layersSnapshot} from '../../support/engine_state.js';
import {errorOf} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {labelsOf, seeded, weightsOf} from '../../support/tiny_models.js';

// A model is only borrowed: after a step, and after every way in which one can fail, it is as it was found.

const x = randomTensor([6, 6, 6, 2], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0]);
const planted = new Error('planted');

type Place = 'forward' | 'backward' | 'loss' | 'first metric' | 'second metric' | 'nowhere';

/** A compiled net with batch norm, and where in it the next steps fail. */
function fragile(options: LargeMarginOptimizerOptions, ending: 'fused' | 'apart' | 'logits') {
  const state: {fails: Place; watch: () => void} = {fails: 'nowhere', watch: () => {}};
  const failIn = (place: Place) => {
    if (state.fails === place) throw planted;
  };
  const flat = layers.flatten({name: 'flat'});
  const original = flat.call.bind(flat);
  flat.call = (inputs, kwargs) => {
    failIn('forward');
    const output = original(inputs, kwargs) as tf.Tensor;
    return state.fails === 'backward' ? noWayBack(output) : output;
  };
  const scores = layers.dense({units: 3, name: 'scores', ...(ending === 'fused' && {activation: 'softmax'})});
  const conv = {filters: 3, kernelSize: 3, padding: 'same', activation: 'relu'} as const;
  const model = sequential({
    layers: [
      layers.conv2d({...conv, inputShape: [6, 6, 2], name: 'conv'}),
      layers.batchNormalization({name: 'bn'}),
      layers.maxPooling2d({poolSize: 2, name: 'pool'}),
      flat,
      scores,
      ...(ending === 'apart' ? [layers.softmax({name: 'softmax'})] : []),
    ],
  });
  const optimizer = adapted(seeded(model, 1, 0.3), {...options, layers: ['input', 'conv', 'bn']});
  const loss = (labels: tf.Tensor, outputs: tf.Tensor) => {
    failIn('loss');
    state.watch();
    return tf.losses.softmaxCrossEntropy(labels, outputs);
  };
  const metric = (place: Place) => (labels: tf.Tensor, outputs: tf.Tensor) => {
    failIn(place);
    return tf.losses.meanSquaredError(labels, outputs);
  };
  model.compile({optimizer, loss, metrics: [metric('first metric'), metric('second metric')]});
  return {model, optimizer, state};
}

const noWayBack = tf.customGrad(t => ({
  value: tf.clone(t as tf.Tensor),
  gradFunc: () => {
    throw planted;
  },
})) as (t: tf.Tensor) => tf.Tensor;

const ids = new Map<unknown, number>();
const idOf = (value: unknown) => {
  if (!ids.has(value)) ids.set(value, ids.size);
  return ids.get(value);
};

/** Everything that could be left changed but the weights. */
function found(model: LayersModel) {
  // A Sequential model leaves its training to a model within.
  const {model: inner} = model as unknown as {model: LayersModel};
  const fields = [model, inner].flatMap(host =>
    Object.entries(host)
      .filter(([key]) => !['history', 'isTraining', 'stopTraining_'].includes(key))
      .map(([key, value]) => [key, Array.isArray(value) ? value.map(idOf) : idOf(value)]),
  );
  return {...engineSnapshot(), layers: layersSnapshot(model), fields, tensors: tf.memory().numTensors};
}

const kinds = [
  ['exact, fused softmax', {gamma: 1}, 'fused'],
  ['first-order, softmax apart', {gamma: 1, gradient: 'firstOrder'}, 'apart'],
  ['exact, logits, momentum of gradients', {gamma: 1, accumulationSteps: 3}, 'logits'],
] as const;

describe('a snapshot', () => {
  it('would notice what is in place during a step', async () => {
    for (const [, options, ending] of kinds) {
      const {model, state} = fragile(options, ending);
      const before = found(model);
      let during: Partial<typeof before> = {};
      state.watch = () => void (during = found(model));
      await model.trainOnBatch(x, y);
      expect(during.layers).not.toEqual(before.layers);
      expect(during.fields).not.toEqual(before.fields);
    }
  });
});

describe.each(kinds)('a model under the adapter (%s)', (_, options, ending) => {
  it('is as found after a step', async () => {
    const {model} = fragile(options, ending);
    await model.trainOnBatch(x, y);
    // With accumulation, gathered gradients are there from the first step on, until the third.
    const before = found(model);
    for (let step = 0; step < 3; step++) await model.trainOnBatch(x, y);
    expect(found(model)).toEqual(before);
  });

  it.each<Place>(['forward', 'backward', 'loss', 'first metric', 'second metric'])(
    'is as found, weights and moving averages too, when a step fails: %s',
    async place => {
      const {model, optimizer, state} = fragile(options, ending);
      await model.trainOnBatch(x, y);
      const before = {...found(model), weights: weightsOf(model), iterations: optimizer.iterations};
      state.fails = place;
      expect(await errorOf(() => model.trainOnBatch(x, y))).toBe(planted);
      expect({...found(model), weights: weightsOf(model), iterations: optimizer.iterations}).toEqual(before);
      state.fails = 'nowhere';
      // It goes on as if nothing had been.
      const other = fragile(options, ending);
      await other.model.trainOnBatch(x, y);
      const [ours, theirs] = [await model.trainOnBatch(x, y), await other.model.trainOnBatch(x, y)];
      expect(ours).toEqual(theirs);
      expect(weightsOf(model)).toEqual(weightsOf(other.model));
    },
  );

  it('is as found when a step is not finite', async () => {
    const {model} = fragile(options, ending);
    await model.trainOnBatch(x, y);
    const before = {...found(model), weights: weightsOf(model)};
    const bad = tf.fill([6, 6, 6, 2], NaN);
    expect(await errorOf(() => model.trainOnBatch(bad, y))).toBeInstanceOf(NonFiniteError);
    bad.dispose();
    expect({...found(model), weights: weightsOf(model)}).toEqual(before);
  });

  it('is as found when a callback throws, but for what tfjs itself leaves', async () => {
    class Broken extends Callback {
      override async onBatchEnd(): Promise<void> {
        throw planted;
      }
    }
    const left = async (optimizer?: tf.Optimizer) => {
      const {model} = fragile(options, ending);
      if (optimizer) model.compile({optimizer, loss: 'categoricalCrossentropy', metrics: ['mse', 'mse']});
      await model.trainOnBatch(x, y);
      const {tensors, ...before} = found(model);
      const run = () => model.fit(x, y, {batchSize: 3, verbose: 0, callbacks: [new Broken()]});
      expect(await errorOf(run)).toBe(planted);
      const {tensors: after, ...rest} = found(model);
      expect(rest).toEqual(before);
      return after - tensors;
    };
    const ours = await left();
    // The gradients of a step under way are the optimizer's own.
    expect(ours).toBe(await left(tf.train.sgd(0.1)));
  });
});

describe('a function of one’s own', () => {
  it('that throws leaves optimizer, variables and tape as found', () => {
    const {model, optimizer} = fragile({gamma: 1}, 'fused');
    const step = (fail: boolean) =>
      optimizer.minimize(() => {
        const outputs = model.apply(x, {training: true}) as tf.Tensor2D;
        optimizer.observe({labels: y});
        if (fail) throw planted;
        return tf.neg(tf.mean(tf.mul(y, tf.log(outputs)))) as tf.Scalar;
      });
    step(false);
    const before = {...found(model), weights: weightsOf(model)};
    expect(() => step(true)).toThrow(planted);
    expect({...found(model), weights: weightsOf(model)}).toEqual(before);
    step(false);
  });

  it('that throws in computeGradients leaves moving averages as found', () => {
    const {model, optimizer} = fragile({gamma: 1}, 'fused');
    const before = {...found(model), weights: weightsOf(model)};
    const compute = () =>
      optimizer.computeGradients(() => {
        model.apply(x, {training: true});
        throw planted;
      });
    expect(compute).toThrow(planted);
    expect({...found(model), weights: weightsOf(model)}).toEqual(before);
  });
});
