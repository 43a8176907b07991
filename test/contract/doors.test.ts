import * as tf from '@tensorflow/tfjs-core';
import {
  input,
  layers,
  model as makeModel,
  type LayersModel,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import {afterAll, beforeAll, describe, expect, it, vi} from 'vitest';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import {LargeMarginOptimizer} from '../../plugin/large_margin_optimizer.js';
import {marginLoss} from '../../plugin/margin_loss.js';
import {marginRegularizer} from '../../plugin/margin_regularizer.js';
import '../../plugin/register.js';
import {largeMarginLoss} from '../../src/loss/large_margin_loss.js';
import type {MarginOptions} from '../../src/types.js';
import {cases, forward, layerNames, optionsOf, type Case} from '../reference/cases.js';
import {worstError} from '../support/expect_close.js';

// All doors lead to the same loss: on every reference case, first-order and exact, the loss and the weight gradients that
// reach the optimizer agree with those of the function, and these with the reference's own numbers; then once more with a
// label loss, which the reference has none of.

/** Largest difference over the largest value, between doors. */
const BAR = 1e-6;
/** The same, from the float64 numbers of the reference: the bars of the reference suite. */
const REFERENCE_BARS = {loss: 1e-5, gradients: 1e-4};

/** What a step minimized, and its gradients in the order of the case's parameters. */
interface Step {
  loss: number;
  gradients: number[][];
}

type Door = (c: Case, options: MarginOptions, x: tf.Tensor, y: tf.Tensor) => Promise<Step> | Step;

/** Takes no steps, and keeps the gradients that it is given. */
class Spy extends tf.SGDOptimizer {
  readonly seen = new Map<string, number[]>();

  constructor() {
    super(0);
  }

  override applyGradients(gradients: tf.NamedTensorMap | Array<{name: string; tensor: tf.Tensor}>): void {
    const list = Array.isArray(gradients)
      ? gradients
      : Object.entries(gradients).map(([name, tensor]) => ({name, tensor}));
    for (const {name, tensor} of list) if (tensor) this.seen.set(name, [...tensor.dataSync()]);
  }

  of(variables: tf.Variable[]): number[][] {
    return variables.map(({name, size}) => this.seen.get(name) ?? new Array<number>(size).fill(0));
  }
}

/** The net of a case in layers; `mark` may put something behind each activation 0..3. */
function netOf({net, activation, params}: Case, mark = (t: SymbolicTensor, _: number) => t): LayersModel {
  const inputs = input({shape: net === 'conv' ? [6, 6, 2] : [5]});
  const act = {activation};
  const apply = (layer: layers.Layer, t: SymbolicTensor) => layer.apply(t) as SymbolicTensor;
  const conv = {kernelSize: 3, padding: 'same' as const, ...act};
  const hidden = (filters: number, units: number, name: string) =>
    net === 'conv' ? layers.conv2d({...conv, filters, name}) : layers.dense({units, ...act, name});
  let h = mark(inputs, 0);
  h = mark(apply(hidden(4, 7, 'first'), h), 1);
  if (net === 'conv') h = apply(layers.maxPooling2d({poolSize: 2}), h);
  h = mark(apply(hidden(5, 6, 'second'), h), 2);
  if (net === 'conv') h = apply(layers.flatten(), h);
  const model = makeModel({inputs, outputs: mark(apply(layers.dense({units: 4, name: 'scores'}), h), 3)});
  const values = params.map((values, i) => tf.tensor(values as never, model.weights[i].shape as number[]));
  model.setWeights(values);
  tf.dispose(values);
  return model;
}

const variablesOf = (model: LayersModel) => model.weights.map(weight => weight.read() as tf.Variable);

/** A training step of a compiled model, as its optimizer saw it. */
async function stepOf(
  model: LayersModel,
  trained: LayersModel,
  spy: Spy,
  x: tf.Tensor,
  y: tf.Tensor,
): Promise<Step> {
  const [loss] = [await model.trainOnBatch(x, y)].flat();
  return {loss, gradients: spy.of(variablesOf(trained))};
}

function withVariables<T>({params}: Case, f: (variables: tf.Variable[]) => T): T {
  const variables = params.map(values => tf.tidy(() => tf.variable(tf.tensor(values as never))));
  try {
    return f(variables);
  } finally {
    tf.dispose(variables);
  }
}

const doors: Record<string, Door> = {
  largeMarginLoss: (c, options, x, y) =>
    withVariables(c, variables =>
      tf.tidy(() => {
        const {value, grads} = tf.variableGrads(() => {
          const {logits, activations} = forward(c, x, variables);
          return largeMarginLoss(y, logits, {...activations, output: logits}, options).loss;
        }, variables);
        const zeros = (size: number) => new Float32Array(size);
        const gradients = variables.map(({name, size}) => [...(grads[name]?.dataSync() ?? zeros(size))]);
        return {loss: value.dataSync()[0], gradients};
      }),
    ),

  LargeMarginModel: async (c, options, x, y) => {
    const [net, spy] = [netOf(c), new Spy()];
    const model = new LargeMarginModel(net, options);
    model.compile({optimizer: spy});
    return stepOf(model, net, spy, x, y);
  },

  'LargeMarginModel.computeLoss': (c, options, x, y) => {
    const [net, spy] = [netOf(c), new Spy()];
    const model = new LargeMarginModel(net, options);
    const cost = spy.minimize(() => model.computeLoss(x, y).loss, true, variablesOf(net))!;
    return {loss: cost.dataSync()[0], gradients: spy.of(variablesOf(net))};
  },

  'marginRegularizer in a LargeMarginModel': async (c, options, x, y) => {
    const [net, spy] = [marked(c), new Spy()];
    const model = new LargeMarginModel(net, unmarked(options));
    model.compile({optimizer: spy});
    return stepOf(model, net, spy, x, y);
  },

  'marginRegularizer and marginLoss': async (c, options, x, y) => {
    const [net, spy] = [marked(c), new Spy()];
    net.compile({optimizer: spy, loss: marginLoss(net, unmarked(options))});
    return stepOf(net, net, spy, x, y);
  },

  'LargeMarginOptimizer, attached': async (c, options, x, y) => {
    const [net, spy] = [netOf(c), new Spy()];
    const optimizer = new LargeMarginOptimizer(spy, {...options, model: net});
    net.compile({optimizer, loss: 'categoricalCrossentropy'});
    return stepOf(net, net, spy, x, y);
  },

  'LargeMarginOptimizer, attached in a loop': (c, options, x, y) => {
    const [net, spy] = [netOf(c), new Spy()];
    const optimizer = new LargeMarginOptimizer(spy, {...options, model: net});
    const run = () => {
      const logits = net.apply(x, {training: true}) as tf.Tensor2D;
      optimizer.observe({labels: y});
      return tf.losses.softmaxCrossEntropy(y, logits) as tf.Scalar;
    };
    const cost = optimizer.minimize(run, true, variablesOf(net))!;
    return {loss: cost.dataSync()[0], gradients: spy.of(variablesOf(net))};
  },

  'LargeMarginOptimizer, observing': (c, options, x, y) =>
    withVariables(c, variables => {
      const spy = new Spy();
      const optimizer = new LargeMarginOptimizer(spy, options);
      const run = () => {
        const {logits, activations} = forward(c, x, variables);
        optimizer.observe({labels: y, logits, activations: {...activations, output: logits}});
        return tf.losses.softmaxCrossEntropy(y, logits) as tf.Scalar;
      };
      const cost = optimizer.minimize(run, true, variables)!;
      return {loss: cost.dataSync()[0], gradients: spy.of(variables)};
    }),
};

/** The net with a mark at each margin layer, which has its own gamma. */
function marked(c: Case): LayersModel {
  return netOf(c, (t, layer) => {
    const i = c.config.layers.indexOf(layer);
    if (i < 0) return t;
    const mark = marginRegularizer({gamma: c.config.gamma[i], name: `at_${layerNames[layer]}`});
    return mark.apply(t) as SymbolicTensor;
  });
}

function unmarked({layers: _, gamma: __, ...options}: MarginOptions): MarginOptions {
  return options;
}

describe('every door gives the loss and the gradients of the function', () => {
  const names = Object.keys(doors);
  const worst = Object.fromEntries(names.map(name => [name, {loss: 0, gradients: 0}]));
  let passed = 0;
  let furthest = 0;

  afterAll(() => {
    console.log(
      `${passed} of ${cases.length} cases; gradients ${furthest.toExponential(1)} from the reference`,
    );
    console.table(worst);
  });

  // With few words: first-order logits without cross-entropy are warned of, door by door.
  beforeAll(() => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
  });

  it.each(cases.map(c => [c.name, c] as const))('%s', async (_, c) => {
    const x = tf.tensor(c.x as never, undefined, 'float32');
    const y = tf.cast(tf.oneHot(tf.tensor1d(c.y, 'int32'), 4), 'float32');
    const wanted = await expectAlike(optionsOf(c), c, x, y);
    const fromReference = worstError(wanted.gradients.flat(), c.grads.flat(9));
    furthest = Math.max(furthest, fromReference);
    expect(fromReference).toBeLessThanOrEqual(REFERENCE_BARS.gradients);
    expect(worstError([wanted.loss], [c.loss])).toBeLessThanOrEqual(REFERENCE_BARS.loss);
    await expectAlike({...optionsOf(c), crossEntropyWeight: 2, marginWeight: 0.5}, c, x, y);
    passed++;
  });

  async function expectAlike(options: MarginOptions, c: Case, x: tf.Tensor, y: tf.Tensor): Promise<Step> {
    const wanted = await doors.largeMarginLoss(c, options, x, y);
    for (const name of names) {
      const {loss, gradients} = await doors[name](c, options, x, y);
      const errors = {
        loss: worstError([loss], [wanted.loss]),
        gradients: worstError(gradients.flat(), wanted.gradients.flat()),
      };
      worst[name].loss = Math.max(worst[name].loss, errors.loss);
      worst[name].gradients = Math.max(worst[name].gradients, errors.gradients);
      expect(errors.loss, `${name}: loss`).toBeLessThanOrEqual(BAR);
      expect(errors.gradients, `${name}: gradients`).toBeLessThanOrEqual(BAR);
    }
    return wanted;
  }
});
