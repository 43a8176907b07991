import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {resolveLayer, resolveOptions} from '../../../src/options.js';
import {schedules} from '../../../src/schedules.js';
import {isTapeLive} from '../../../src/distance/live_tape.js';
import {
  boundaryDistances,
  marginPenalties,
  marginTerms,
  sumOfLayers,
} from '../../../src/loss/margin_terms.js';
import type {MarginLayer, MarginOptions} from '../../../src/types.js';
import {expectClose} from '../../support/expect_close.js';
import {randomTensor} from '../../support/randoms.js';
import {taped} from '../../support/taped.js';
import {labelsOf} from '../../support/tiny_models.js';

const settings = (options: MarginOptions, layers: MarginLayer[]) => {
  const resolved = resolveOptions('f', options);
  return {resolved, layers: layers.map(layer => resolveLayer('f', layer, resolved))};
};

describe('boundaryDistances', () => {
  // A linear net: at x the gradient of every gap is the difference of two columns of w.
  const x = randomTensor<tf.Tensor2D>([4, 6], 1);
  const w = randomTensor<tf.Tensor2D>([6, 3], 2);
  const labels = [0, 1, 2, 1];

  function distancesOf(options: Partial<MarginOptions>, layer: Partial<MarginLayer> = {}) {
    const {resolved, layers} = settings({gamma: 1, epsilon: 1e-9, ...options}, [{name: 'x', ...layer}]);
    return taped(() => {
      const input = tf.clone(x);
      const logits = tf.matMul(input, w) as tf.Tensor2D;
      const measured = boundaryDistances('f', labelsOf(labels), logits, {x: input}, layers, resolved);
      expect(isTapeLive()).toBe(true);
      return measured.x.arraySync();
    });
  }

  /** Gap and column difference of example i against rival c, in float64. */
  function pair(i: number, c: number) {
    const [row, columns] = [x.arraySync()[i], w.arraySync()];
    const difference = columns.map(weights => weights[labels[i]] - weights[c]);
    return {gap: row.reduce((total, value, j) => total + value * difference[j], 0), difference};
  }

  const rivalsOf = (i: number) =>
    [0, 1, 2].filter(c => c !== labels[i]).sort((a, b) => pair(i, a).gap - pair(i, b).gap);

  it.each<[MarginOptions['norm'], (d: number[]) => number]>([
    ['l2', d => Math.hypot(...d)],
    ['l1', d => Math.max(...d.map(Math.abs))],
    ['linf', d => d.reduce((total, v) => total + Math.abs(v), 0)],
    // p = 3 has the dual q = 3/2.
    [3, d => d.reduce((total, v) => total + Math.abs(v) ** 1.5, 0) ** (2 / 3)],
  ])('are gap / dual norm of the gradient, nearest rival first (%s)', (norm, dual) => {
    const expected = labels.map((_, i) => rivalsOf(i).map(c => pair(i, c).gap / dual(pair(i, c).difference)));
    expectClose(distancesOf({norm, topK: 2}).flat(), expected.flat(), 1e-5);
    expectClose(
      distancesOf({norm}).flat(),
      expected.map(row => row[0]),
      1e-5,
    );
  });

  it("divide the gradient norm by the layer's scale, or by its size: 6 units", () => {
    const plain = distancesOf({}).flat();
    expectClose(
      distancesOf({}, {scale: 2}).flat(),
      plain.map(d => 2 * d),
      1e-5,
    );
    expectClose(
      distancesOf({scale: 'size'}).flat(),
      plain.map(d => 6 * d),
      1e-5,
    );
  });

  it('are the same in both gradient modes', () => {
    expectClose(distancesOf({gradient: 'firstOrder'}).flat(), distancesOf({gradient: 'exact'}).flat(), 1e-6);
  });

  it("take other rivals for 'random': the same for the same seed, every class in time", () => {
    const draw = (seed?: number) => distancesOf({rivals: 'random', seed}).flat();
    expect(draw(5)).toEqual(draw(5));
    const seen = labels.map(() => new Set<number>());
    for (let seed = 0; seed < 20; seed++) draw(seed).forEach((d, i) => seen[i].add(+d.toFixed(4)));
    // Two rivals each; both are drawn in 20 steps but for a chance of 2^-18 an example.
    expect(seen.map(values => values.size)).toEqual([2, 2, 2, 2]);
    // Without a seed every step draws anew: 10 steps of 4 examples agree with a chance of 2^-36.
    expect(new Set(Array.from({length: 10}, () => draw().join())).size).toBeGreaterThan(1);
  });
});

// gamma - d, cut at 0 and 2 gamma: layer a: max(1, 4), max(0, 0); layer b: max(2, 3), max(0.5, 1).
const distances = {
  a: tf.tensor2d([
    [1, -5],
    [9, 2],
  ]),
  b: tf.tensor2d([
    [-0.5, -1.5],
    [1, 0.5],
  ]),
};
const list = [
  {name: 'a', gamma: 2},
  {name: 'b', gamma: 1.5, weight: 10},
];

describe('marginTerms', () => {
  const terms = (options: Partial<MarginOptions> = {}, weights?: number[]) =>
    tf.tidy(() => {
      const {resolved, layers} = settings({gamma: 1, clip: 2, ...options}, list);
      const exampleWeights = weights && tf.tensor1d(weights);
      const penalties = marginPenalties(distances, layers, resolved);
      const {margin, layers: byName} = marginTerms(penalties, layers, resolved, exampleWeights);
      return [margin, byName.a, byName.b].map(t => t.dataSync()[0]);
    });

  it('are the mean over the batch by layer, and their weighed sum', () => {
    // a: (4 + 0) / 2; b: (3 + 1) / 2; margin: 2 + 10 x 2.
    expectClose(terms(), [22, 2, 2], 1e-6);
  });

  it("add up the rivals for 'sum'", () => {
    // a: (1 + 4 + 0 + 0) / 2; b: (2 + 3 + 0.5 + 1) / 2.
    expectClose(terms({aggregate: 'sum'}), [2.5 + 32.5, 2.5, 3.25], 1e-6);
  });

  it("divide the margin, not the terms, by the number of layers for 'mean'", () => {
    expectClose(terms({reduceLayers: 'mean'}), [11, 2, 2], 1e-6);
  });

  it('weigh the examples', () => {
    // a: (3 x 4 + 0) / 2; b: (3 x 3 + 1 x 1) / 2.
    expectClose(terms({}, [3, 1]), [6 + 50, 6, 5], 1e-6);
  });

  it('take what gamma and the weights are at the step', () => {
    // gamma of layer a: 2 at step 0, 4 from step 5 on: max(0, min(4 - d, 8)) gives max(3, 8), max(0, 2); weight 1, then 3.
    const changing: MarginLayer[] = [
      {
        name: 'a',
        gamma: schedules.piecewiseConstant({boundaries: [5], values: [2, 4]}),
        weight: schedules.delay({steps: 5, before: 1, then: 3}),
      },
    ];
    const at = (step: number) =>
      tf.tidy(() => {
        const {resolved, layers} = settings({gamma: 1, clip: 2, step}, changing);
        const penalties = marginPenalties(distances, layers, resolved);
        return marginTerms(penalties, layers, resolved).margin.dataSync()[0];
      });
    expectClose([at(4), at(5)], [2, 3 * 5], 1e-6);
  });
});

describe('sumOfLayers', () => {
  it('gives the margin of each example, whose mean is the margin', () => {
    const {resolved, layers} = settings({gamma: 1, clip: 2, reduceLayers: 'mean'}, list);
    tf.tidy(() => {
      const examples = sumOfLayers(marginPenalties(distances, layers, resolved), layers, resolved);
      // ((4, 0) + 10 x (3, 1)) / 2.
      expectClose(examples.dataSync(), [17, 5], 1e-6);
    });
  });
});
