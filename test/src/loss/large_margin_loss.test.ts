import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import '../../../plugin/gradients/index.js';
import {isTapeLive, liveTape, onLiveTape} from '../../../src/distance/live_tape.js';
import {
  composeExampleLosses,
  composeLoss,
  largeMarginLoss,
  tapeHasMargin,
} from '../../../src/loss/large_margin_loss.js';
import {resolveLayer, resolveOptions} from '../../../src/options.js';
import {schedules} from '../../../src/schedules.js';
import {crossEntropy} from '../../../src/scores/cross_entropy.js';
import type {MarginOptions} from '../../../src/types.js';
import {expectClose} from '../../support/expect_close.js';
import {expectRefusal} from '../../support/expect_no_leak.js';
import {dot, gradientError, leaningDirection, slopeAtZero} from '../../support/finite_differences.js';
import {registeredGradients} from '../../support/registered_gradients.js';
import {randomTensor} from '../../support/randoms.js';
import {taped} from '../../support/taped.js';
import {labelsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([3, 4], 1);
const w = tf.variable(randomTensor<tf.Tensor2D>([4, 5], 2), true, 'w');
const v = tf.variable(randomTensor<tf.Tensor2D>([5, 3], 3), true, 'v');
const labels = tf.tensor1d([0, 2, 1], 'int32');

function net(input: tf.Tensor2D = x) {
  const hidden = tf.tanh(tf.matMul(input, w));
  return {logits: tf.matMul(hidden, v) as tf.Tensor2D, activations: {input, hidden}};
}

function measure(options: Partial<MarginOptions> = {}, y: tf.Tensor = labels) {
  const {logits, activations} = net();
  return largeMarginLoss(y, logits, activations, {gamma: 3, ...options});
}

/** All terms as numbers. */
function termsOf(options: Partial<MarginOptions> = {}, y?: tf.Tensor) {
  return taped(() => {
    const {layers, ...rest} = measure(options, y);
    const number = (t: tf.Tensor) => t.dataSync()[0];
    const named = (record: Record<string, tf.Tensor>) =>
      Object.fromEntries(Object.entries(record).map(([name, t]) => [name, number(t)]));
    return {...(named(rest) as Record<'loss' | 'crossEntropy' | 'margin', number>), layers: named(layers)};
  });
}

const lossOf = (options: Partial<MarginOptions>) =>
  tf.tidy(() => onLiveTape(() => ({loss: measure(options).loss})).loss.dataSync()[0]);

describe('largeMarginLoss', () => {
  it('is crossEntropyWeight x crossEntropy + marginWeight x margin, with a term for each layer', () => {
    const {loss, crossEntropy, margin, layers} = termsOf({marginWeight: 0.5, crossEntropyWeight: 3});
    expectClose([loss], [3 * crossEntropy + 0.5 * margin], 1e-6);
    expect(Object.keys(layers)).toEqual(['input', 'hidden']);
    expectClose([margin], [layers.input + layers.hidden], 1e-6);
  });

  it('measures the cross-entropy of the logits', () => {
    const {crossEntropy} = termsOf();
    const expected = tf.tidy(
      () => tf.losses.softmaxCrossEntropy(labelsOf([0, 2, 1]), net().logits).dataSync() as Float32Array,
    );
    expectClose([crossEntropy], expected, 1e-6);
  });

  it('takes one-hot labels and class indices alike', () => {
    const oneHot = labelsOf([0, 2, 1]);
    expect(termsOf({}, oneHot)).toEqual(termsOf());
    oneHot.dispose();
  });

  it("takes all activations by default, also where one of them is called 'hidden'", () => {
    const names = taped(() => {
      const {logits, activations} = net();
      const second = tf.clone(activations.hidden);
      const through = tf.matMul(second as tf.Tensor2D, v) as tf.Tensor2D;
      const both = tf.add(logits, through) as tf.Tensor2D;
      return Object.keys(largeMarginLoss(labels, both, {...activations, second}, {gamma: 1}).layers);
    });
    expect(names).toEqual(['input', 'hidden', 'second']);
  });

  it('takes all activations by default, and the sets and layers that it is told to', () => {
    const namesOf = (layers: MarginOptions['layers']) => Object.keys(termsOf({layers}).layers);
    expect(namesOf(undefined)).toEqual(['input', 'hidden']);
    expect(namesOf('input')).toEqual(['input']);
    expect(namesOf(['hidden'])).toEqual(['hidden']);
    expect(namesOf(['output', {name: 'input', gamma: 2}])).toEqual(['output', 'input']);
  });

  it("means the logits by 'output': their distance in l2 is gap / sqrt(2)", () => {
    const {layers} = termsOf({layers: ['output'], clip: null, gamma: 50, epsilon: 1e-9});
    const logits = tf.tidy(() => net().logits.arraySync());
    const gap = (row: number[], y: number) => row[y] - Math.max(...row.filter((_, c) => c !== y));
    const mean = [0, 2, 1].reduce((total, y, i) => total + 50 - gap(logits[i], y) / Math.SQRT2, 0) / 3;
    expectClose([layers.output], [mean], 1e-6);
  });

  it('has exact gradients that agree with finite differences of the loss', () => {
    const options = {clip: null, gamma: 6, aggregate: 'sum', topK: 2} as const;
    // The dual of l1 takes the largest entry, and has a kink wherever another takes over.
    const largest = 0.04;
    for (const scores of ['logits', 'probabilities'] as const) {
      for (const norm of ['l1', 'l2', 'linf', 3] as const) {
        const all = {...options, scores, norm};
        const {value, grads} = tf.variableGrads(() => measure(all).loss, [w, v]);
        const error = gradientError(
          () => lossOf(all),
          [w, v],
          [grads.w.dataSync(), grads.v.dataSync()],
          largest,
        );
        tf.dispose([value, grads]);
        expect(error, `${scores}, ${norm}`).toBeLessThan(2e-3);
      }
    }
  });

  it('has first-order gradients that hold the gradient norms constant', () => {
    const options = {
      gamma: 6,
      clip: null,
      gradient: 'firstOrder',
      crossEntropyWeight: 0,
      epsilon: 1e-9,
    } as const;
    const {value, grads} = tf.variableGrads(() => measure({...options, layers: ['hidden']}).loss, [w]);
    const claimed = grads.w.dataSync();
    // The nearest rival and the norm of each example at the start; at 'hidden' the gradient is v's column difference.
    const [start, weights, ys] = [tf.tidy(() => net().logits.arraySync()), v.arraySync(), [0, 2, 1]];
    const rivals = start.map((row, i) =>
      [0, 1, 2].filter(c => c !== ys[i]).reduce((a, b) => (row[a] > row[b] ? a : b)),
    );
    const norms = rivals.map((c, i) => Math.hypot(...weights.map(row => row[ys[i]] - row[c])));
    const u = leaningDirection(claimed, 3);
    const w0 = w.dataSync().slice();
    const along = (t: number) => {
      tf.tidy(() =>
        w.assign(
          tf.tensor2d(
            w0.map((value, i) => value + t * u[i]),
            [4, 5],
          ),
        ),
      );
      const logits = tf.tidy(() => net().logits.arraySync());
      return ys.reduce((total, y, i) => total + 6 - (logits[i][y] - logits[i][rivals[i]]) / norms[i], 0) / 3;
    };
    const measured = slopeAtZero(along);
    along(0);
    expectClose([dot(claimed, u)], [measured], 3e-4);
    tf.dispose([value, grads]);
  });

  it('leaves the live tape live and the gradient registry as it found them', () => {
    const before = registeredGradients();
    taped(() => {
      const tape = liveTape();
      measure({scores: 'probabilities', layers: ['output', 'input', 'hidden']});
      expect(isTapeLive()).toBe(true);
      expect(liveTape()).toBe(tape);
    });
    expect(isTapeLive()).toBe(false);
    expect(registeredGradients()).toEqual(before);
  });

  it.each(['exact', 'firstOrder'] as const)('leaves no tensor behind (%s)', gradient => {
    const before = tf.memory().numTensors;
    const {value, grads} = tf.variableGrads(() => measure({gradient, topK: 2}).loss, [w, v]);
    tf.dispose([value, grads]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('smooths the labels of the cross-entropy, and of nothing else', () => {
    const plain = termsOf();
    const smooth = termsOf({labelSmoothing: 0.3});
    const expected = tf.tidy(() => {
      const wanted = tf.losses.softmaxCrossEntropy(labelsOf([0, 2, 1]), net().logits, 1, 0.3);
      return wanted.dataSync() as Float32Array;
    });
    expectClose([smooth.crossEntropy], expected, 1e-6);
    expect([smooth.margin, smooth.layers]).toEqual([plain.margin, plain.layers]);
  });

  it('takes what gamma and the weights are at the step, and asks for it', async () => {
    const gamma = schedules.piecewiseConstant({boundaries: [5], values: [3, 2]});
    const marginWeight = schedules.delay({steps: 5, then: 0.5});
    const crossEntropyWeight = schedules.warmUp({steps: 10, from: 1, then: 2});
    const at = (step: number) => termsOf({gamma, marginWeight, crossEntropyWeight, step});
    const [early, late] = [at(4), at(5)];
    expectClose([early.loss], [1.4 * early.crossEntropy], 1e-6);
    expectClose([early.margin], [termsOf().margin], 1e-6);
    expectClose([late.loss], [1.5 * late.crossEntropy + 0.5 * late.margin], 1e-6);
    expectClose([late.margin], [termsOf({gamma: 2}).margin], 1e-6);
    await expectRefusal(() => taped(() => measure({marginWeight})), 'step', 'count your steps from 0');
  });

  it('draws the same random rivals for the same seed, and others in time', () => {
    const draw = (seed: number) => termsOf({rivals: 'random', clip: null, seed}).margin;
    expect(draw(4)).toBe(draw(4));
    // 2^3 sets of rivals: 12 seeds draw one and the same with a chance of 8^-11.
    expect(new Set(Array.from({length: 12}, (_, seed) => draw(seed))).size).toBeGreaterThan(1);
  });

  it('computes the example of its documentation', () => {
    const {value, grads} = tf.variableGrads(() => {
      const hidden = tf.relu(tf.matMul(x, w));
      const logits = tf.matMul(hidden, v) as tf.Tensor2D;
      return largeMarginLoss(labels, logits, {input: x, hidden}, {gamma: 1}).loss;
    });
    expect(value.dataSync()[0]).toBeGreaterThan(0);
    expect(Object.keys(grads).sort()).toEqual(['v', 'w']);
    tf.dispose([value, grads]);
  });
});

describe('composeExampleLosses', () => {
  const resolved = resolveOptions('f', {
    gamma: 3,
    marginWeight: 0.5,
    crossEntropyWeight: 2,
    reduceLayers: 'mean',
  });
  const layers = ['input', 'hidden'].map(name => resolveLayer('f', {name, weight: 2}, resolved));
  const oneHot = labelsOf([0, 2, 1]);

  it('gives each example its share of the same loss', () => {
    taped(() => {
      const {logits, activations} = net();
      const whole = composeLoss('f', oneHot, logits, activations, layers, resolved);
      const own = crossEntropy(oneHot, logits);
      const {losses, terms} = composeExampleLosses('f', oneHot, logits, activations, layers, resolved, own);
      expect(losses.shape).toEqual([3]);
      expectClose(tf.mean(losses).dataSync(), whole.loss.dataSync(), 1e-6);
      const valuesOf = ({crossEntropy, margin, layers}: typeof terms) =>
        [crossEntropy, margin, ...Object.values(layers)].map(t => t.dataSync()[0]);
      expectClose(valuesOf(terms), valuesOf(whole), 1e-6);
      const weights = tf.tensor1d([0.5, 2, 0]);
      const weighed = composeLoss('f', oneHot, logits, activations, layers, resolved, {
        exampleWeights: weights,
      });
      expectClose(tf.mean(tf.mul(losses, weights)).dataSync(), weighed.loss.dataSync(), 1e-6);
    });
  });

  it('shows the distances to who asks', () => {
    const shapes: Record<string, number[]> = {};
    taped(() => {
      const {logits, activations} = net();
      const own = crossEntropy(oneHot, logits);
      const note = (distances: Record<string, tf.Tensor>) => {
        for (const [name, {shape}] of Object.entries(distances)) shapes[name] = shape;
      };
      composeExampleLosses('f', oneHot, logits, activations, layers, resolved, own, note);
    });
    expect(shapes).toEqual({input: [3, 1], hidden: [3, 1]});
  });
});

describe('tapeHasMargin', () => {
  it('tells the tapes with a margin from those without', () => {
    const seen: boolean[] = [tapeHasMargin()];
    taped(() => {
      seen.push(tapeHasMargin());
      measure();
      seen.push(tapeHasMargin());
    });
    taped(() => void seen.push(tapeHasMargin()));
    expect(seen).toEqual([false, false, true, false]);
  });
});
