import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type Sequential} from '@tensorflow/tfjs-layers';
import {afterAll, describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../plugin/index.js';
import {boundaryDistances, oneHotLabels, resolveOptions, type Norm} from '../../src/index.js';
import {worstError, worstRelative} from '../support/expect_close.js';
import {expectNoLeak} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {taped} from '../support/taped.js';
import {labelsOf, seeded} from '../support/tiny_models.js';

// For a net of one dense layer the distance is no estimate: it is the distance of a point from a hyperplane,
//     d = (u.x + c) / (epsilon + ||u||_q),   u = w_y - w_rival, c = b_y - b_rival, 1/p + 1/q = 1,
// which is what a support vector machine maximises. Everything is compared with this formula in float64.

const EPSILON = 1e-6;
const norms: Array<[Norm, number]> = [
  ['l1', Infinity],
  ['l2', 2],
  ['linf', 1],
  [3, 1.5],
];
const nets = [
  {classes: 2, inputs: 2},
  {classes: 2, inputs: 50},
  {classes: 5, inputs: 7},
  {classes: 10, inputs: 784},
];
const cases = nets.flatMap(net => norms.map(([norm, q]) => ({...net, norm, q})));

const EXAMPLES = 20;
const worst: Record<string, number> = {};
afterAll(() => {
  const errors = Object.entries(worst).map(([what, error]) => `${what} ${error.toExponential(1)}`);
  console.log(`linear nets against the closed form, worst relative error: ${errors.join(', ')}`);
});

function judge(what: string, error: number, bound: number): void {
  worst[what] = Math.max(worst[what] ?? 0, error);
  expect(error, what).toBeLessThanOrEqual(bound);
}

describe.each(cases)('a linear net, $inputs inputs, $classes classes, norm $norm', ({norm, q, ...shape}) => {
  const {classes, inputs} = shape;
  const net = linearNet(shape, 10 * inputs + classes);
  const x = randomTensor<tf.Tensor2D>([EXAMPLES, inputs], 7);
  // Uneven: with equal shares the slopes of the biases would cancel to 0.
  const labels = Array.from({length: EXAMPLES}, (_, i) => (i % 3 === 0 ? 0 : i % classes));
  const topK = classes - 1;
  const expected = closedForm(net, x, labels, q);
  const values = expected.map(rivals => rivals.map(({distance}) => distance)).flat();
  const options = {gamma: 1, norm, topK, epsilon: EPSILON, layers: ['input']};

  it.each(['exact', 'firstOrder'] as const)('measures the distance of each hyperplane, %s', gradient => {
    const [kernel, bias] = net.getWeights();
    const resolved = resolveOptions('test', {...options, gradient});
    const input = {name: 'input', gamma: 1, weight: 1, norm, scale: 1};
    const measured = taped(() => {
      const h = tf.clone(x);
      const logits = tf.add(tf.matMul(h, kernel as tf.Tensor2D), bias) as tf.Tensor2D;
      const oneHot = oneHotLabels(Int32Array.from(labels), classes);
      return boundaryDistances('test', oneHot, logits, {input: h}, [input], resolved).input.dataSync();
    });
    judge(`${gradient} distances`, worstError(measured, values), 1e-6);
  });

  it('gives the same from LargeMarginModel.distances', () => {
    const model = new LargeMarginModel(net, options);
    const y = labelsOf(labels, classes);
    const {input} = expectNoLeak(() => model.distances(x, y));
    judge('distances()', worstError(input.dataSync(), values), 1e-6);
    // Each distance by itself: where a gap cancels to a tenth of the largest one, float32 has a digit less of it.
    const largest = Math.max(...values.map(Math.abs));
    judge('distances(), each by itself', worstRelative(input.dataSync(), values, largest / 10), 1e-5);
    tf.dispose([input, y]);
  });

  it('differentiates the distance itself in exact mode, the gap alone in first-order mode', () => {
    const y = labelsOf(labels, classes);
    const variables = net.trainableWeights.map(weight => weight.read() as tf.Variable);
    for (const gradient of ['exact', 'firstOrder'] as const) {
      // With a gamma above all distances and no cap the margin is gamma - the mean of what the rivals add up to.
      const gamma = 2 * Math.max(...values.map(Math.abs));
      const all = {...options, gamma, gradient, clip: null, aggregate: 'sum'} as const;
      const model = new LargeMarginModel(net, {...all, crossEntropyWeight: 1e-9});
      const {value, grads} = tf.variableGrads(() => model.computeLoss(x, y).margin, variables);
      const [kernel, bias] = variables.map(variable => grads[variable.name].dataSync());
      const slopes = slopesOf(expected, x, labels, shape, q, gradient);
      judge(`${gradient} gradient`, worstError(kernel, slopes.kernel), 2e-6);
      judge(`${gradient} gradient of the bias`, worstError(bias, slopes.bias), 2e-6);
      tf.dispose([value, grads]);
    }
    y.dispose();
  });
});

function linearNet({classes, inputs}: {classes: number; inputs: number}, seed: number): Sequential {
  return seeded(
    sequential({layers: [layers.dense({units: classes, inputShape: [inputs], name: 'scores'})]}),
    seed,
  );
}

interface Rival {
  rival: number;
  distance: number;
  /** w_y - w_rival. */
  u: number[];
  norm: number;
}

/** For each example its rivals, the strongest first, in float64. */
function closedForm(net: Sequential, x: tf.Tensor2D, labels: number[], q: number): Rival[][] {
  const [w, b] = net.getWeights().map(t => t.arraySync()) as [number[][], number[]];
  return x.arraySync().map((row, i) => {
    const logits = b.map((bias, k) => row.reduce((total, value, j) => total + value * w[j][k], bias));
    const y = labels[i];
    const others = logits.map((_, k) => k).filter(k => k !== y);
    return others
      .sort((k, l) => logits[l] - logits[k])
      .map(rival => {
        const u = w.map(weights => weights[y] - weights[rival]);
        const norm = lengthOf(u, q);
        return {rival, u, norm, distance: (logits[y] - logits[rival]) / (EPSILON + norm)};
      });
  });
}

function lengthOf(u: number[], q: number): number {
  if (q === Infinity) return Math.max(...u.map(Math.abs));
  return u.reduce((total, value) => total + Math.abs(value) ** q, 0) ** (1 / q);
}

/** The slope of -(the mean over the examples of their rivals' distances): d(u.x + c) and, in exact mode, d||u||_q. */
function slopesOf(
  expected: Rival[][],
  x: tf.Tensor2D,
  labels: number[],
  {classes, inputs}: {classes: number; inputs: number},
  q: number,
  gradient: 'exact' | 'firstOrder',
): {kernel: number[]; bias: number[]} {
  const kernel = new Array<number>(inputs * classes).fill(0);
  const bias = new Array<number>(classes).fill(0);
  x.arraySync().forEach((row, i) =>
    expected[i].forEach(({rival, distance, u, norm}) => {
      const factor = -1 / (EPSILON + norm) / labels.length;
      const isLargest = (value: number) => (Math.abs(value) === norm ? Math.sign(value) : 0);
      const slope = (value: number) =>
        q === Infinity ? isLargest(value) : Math.sign(value) * (Math.abs(value) / norm) ** (q - 1);
      const add = (k: number, sign: number) => {
        bias[k] += sign * factor;
        row.forEach((value, j) => {
          const throughNorm = gradient === 'exact' ? distance * slope(u[j]) : 0;
          kernel[j * classes + k] += sign * factor * (value - throughNorm);
        });
      };
      add(labels[i], 1);
      add(rival, -1);
    }),
  );
  return {kernel, bias};
}
