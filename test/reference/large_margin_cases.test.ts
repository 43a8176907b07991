import * as tf from '@tensorflow/tfjs-core';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import '../../plugin/gradients/index.js';
import {
  boundaryDistances,
  largeMarginLoss,
  oneHotLabels,
  resolveOptions,
  selectLayers,
} from '../../src/index.js';
import {engineLabel, startEngine} from '../support/engine.js';
import {worstError, worstRelative} from '../support/expect_close.js';
import {cases, forward, optionsOf, type Case} from './cases.js';

// The bars of the reference. Loss and weight gradients: the largest difference over the largest value of the case;
// distances: each relative to itself, with a floor of 0.05. How far a single weight tensor is off, relative to its own
// largest gradient, is printed beside them: where a bias gradient cancels to 1/100 of the others it shows float32.
const LOSS_BAR = 1e-5;
const GRADIENT_BAR = 1e-4;
const DISTANCE_BAR = 1e-4;

describe(`reference cases on ${engineLabel}`, () => {
  const worst = {loss: 0, gradients: 0, distances: 0, 'gradients of one tensor': 0};
  let passed = 0;
  beforeAll(() => startEngine());
  afterAll(() => {
    const errors = Object.entries(worst).map(([what, error]) => `${what} ${error.toExponential(1)}`);
    console.log(
      `${engineLabel}: ${passed} of ${cases.length} cases, worst relative error: ${errors.join(', ')}`,
    );
  });

  it.each(cases.map(c => [c.name, c] as const))('%s', (_, c) => {
    const before = tf.memory().numTensors;
    const result = run(c);
    expect(tf.memory().numTensors).toBe(before);
    const errors = {
      loss: worstError([result.loss], [c.loss]),
      gradients: worstError(result.grads.flat(), flat(c.grads)),
      distances: Math.max(...c.distances.map((d, i) => worstRelative(result.distances[i], flat(d), 0.05))),
      'gradients of one tensor': Math.max(...c.grads.map((g, i) => worstError(result.grads[i], flat(g)))),
    };
    for (const what of Object.keys(worst) as Array<keyof typeof worst>)
      worst[what] = Math.max(worst[what], errors[what]);
    expect(errors.loss).toBeLessThanOrEqual(LOSS_BAR);
    expect(errors.gradients).toBeLessThanOrEqual(GRADIENT_BAR);
    expect(errors.distances).toBeLessThanOrEqual(DISTANCE_BAR);
    passed++;
  });
});

function run(c: Case) {
  const variables = c.params.map((values, i) =>
    tf.tidy(() => tf.variable(toTensor(values), true, `${c.name}/${i}`)),
  );
  const x = toTensor(c.x);
  const y = tf.tensor1d(c.y, 'int32');
  let distances: number[][] = [];
  const {value, grads} = tf.variableGrads(() => {
    const {logits, activations} = forward(c, x, variables);
    const options = optionsOf(c);
    const resolved = resolveOptions('test', options);
    const known = ['input', 'first', 'second', 'output'];
    const layers = selectLayers('test', options.layers, {known, input: [], hidden: [], output: []}, resolved);
    const oneHot = oneHotLabels(Int32Array.from(c.y), 4);
    const taps = {...activations, output: logits};
    const measured = boundaryDistances('test', oneHot, logits, taps, layers, resolved);
    distances = layers.map(({name}) => Array.from(measured[name].dataSync()));
    return largeMarginLoss(y, logits, {...activations, output: logits}, options).loss;
  }, variables);
  const result = {
    loss: value.dataSync()[0],
    grads: variables.map(v => Array.from(grads[v.name]?.dataSync() ?? new Float32Array(v.size))),
    distances,
  };
  tf.dispose([value, grads, variables, x, y]);
  return result;
}

function flat(values: unknown[]): number[] {
  return values.flat(9) as number[];
}

function toTensor(values: unknown): tf.Tensor {
  return tf.tensor(values as number[], undefined, 'float32');
}
