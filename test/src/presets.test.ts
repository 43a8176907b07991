import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {resolveOptions} from '../../src/options.js';
import {largeMarginLoss} from '../../src/loss/large_margin_loss.js';
import {presets} from '../../src/presets.js';
import type {MarginOptions, Norm} from '../../src/types.js';
import {expectClose} from '../support/expect_close.js';
import {expectRefusal} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {taped} from '../support/taped.js';

// x [4, 6] -> h = tanh(x w) [4, 5] -> logits h v [4, 3].
const x = randomTensor<tf.Tensor2D>([4, 6], 1);
const w = randomTensor<tf.Tensor2D>([6, 5], 2, 0.5);
const v = randomTensor<tf.Tensor2D>([5, 3], 3);
const ys = [0, 2, 1, 1];

function measured(options: MarginOptions) {
  return taped(() => {
    const hidden = tf.tanh(tf.matMul(x, w));
    const logits = tf.matMul(hidden, v) as tf.Tensor2D;
    const labels = tf.tensor1d(ys, 'int32');
    const {loss, margin, crossEntropy, layers} = largeMarginLoss(labels, logits, {input: x, hidden}, options);
    return [loss, margin, crossEntropy, layers.input, layers.hidden].map(t => t.dataSync()[0]);
  });
}

/**
 * The authors' loss in float64, written from their formula: probabilities p, the strongest rival,
 * d = (p_y - p_i) / (||grad (p_y - p_i)||_q + epsilon), max(0, gamma - max(d, gamma (1 - alpha))) - gamma, mean over
 * the batch and the layers. For linf their norm of the gradient is the mean of |g|, not the sum.
 */
function authorsLoss(norm: Norm, gamma: number, alpha: number, epsilon: number): number {
  const [xs, ws, vs] = [x.arraySync(), w.arraySync(), v.arraySync()];
  const size = (g: number[]) => {
    const sizes = g.map(Math.abs);
    if (norm === 'l1') return Math.max(...sizes);
    return norm === 'l2' ? Math.hypot(...g) : sizes.reduce((a, b) => a + b, 0) / g.length;
  };
  const values = xs.flatMap((row, i) => {
    const h = ws[0].map((_, j) => Math.tanh(row.reduce((total, value, k) => total + value * ws[k][j], 0)));
    const z = vs[0].map((_, c) => h.reduce((total, value, j) => total + value * vs[j][c], 0));
    const sum = z.reduce((total, value) => total + Math.exp(value), 0);
    const p = z.map(value => Math.exp(value) / sum);
    const y = ys[i];
    const rival = [0, 1, 2].filter(c => c !== y).reduce((a, b) => (p[a] > p[b] ? a : b));
    // d p_a / d z_c = p_a ((a = c) - p_c).
    const atZ = z.map((_, c) => p[y] * (+(y === c) - p[c]) - p[rival] * (+(rival === c) - p[c]));
    const atH = vs.map(weights => weights.reduce((total, value, c) => total + value * atZ[c], 0));
    const atX = ws.map(weights =>
      weights.reduce((total, value, j) => total + value * atH[j] * (1 - h[j] ** 2), 0),
    );
    return [atX, atH].map(g => {
      const d = (p[y] - p[rival]) / (size(g) + epsilon);
      return Math.max(0, gamma - Math.max(d, gamma * (1 - alpha))) - gamma;
    });
  });
  return values.reduce((a, b) => a + b, 0) / values.length;
}

describe('presets.authors', () => {
  it.each(['l1', 'l2', 'linf'] as const)("gives the authors' number plus gamma (%s)", norm => {
    const options = presets.authors(norm);
    const [loss, margin] = measured(options);
    expect(loss).toBe(margin);
    // A float32 near gamma = 1e4 has steps of 1e-3: that is how far the authors' number itself is known.
    const theirs = authorsLoss(norm, 10000, 4, 1e-6);
    expect(Math.abs(loss - 10000 - theirs)).toBeLessThan(2e-3);
  });

  it.each(['l1', 'l2', 'linf'] as const)(
    'agrees to float32 where gamma is small, cap and zero included (%s)',
    norm => {
      for (const [gamma, clip] of [
        [1, 4],
        [0.1, 2],
        [0.3, 1.5],
      ]) {
        const [loss] = measured({...presets.authors(norm), gamma, clip, epsilon: 1e-6});
        expectClose([loss], [authorsLoss(norm, gamma, clip, 1e-6) + gamma], 2e-5);
      }
    },
  );

  it('is first-order on probabilities, without cross-entropy', () => {
    const options = {
      gradient: 'firstOrder',
      scores: 'probabilities',
      crossEntropyWeight: 0,
      clip: 4,
      topK: 1,
    };
    expect(presets.authors('l2')).toMatchObject({...options, gamma: 10000, scale: 1});
    expect([presets.authors('linf').scale, presets.authors(Infinity).scale]).toEqual(['size', 'size']);
  });

  it('refuses a bad norm', async () => {
    await expectRefusal(() => presets.authors(0.5), 'norm', 'presets.authors');
  });
});

describe('presets.robust', () => {
  it('is cross-entropy plus the margin over gamma and over the number of layers, exact on logits', () => {
    const options = presets.robust({norm: 'linf', gamma: 0.25});
    const [loss, , crossEntropy, input, hidden] = measured(options);
    expectClose([loss], [crossEntropy + (input + hidden) / 2 / 0.25], 1e-6);
    const [, , , a, b] = measured({gamma: 0.25, norm: 'linf', gradient: 'exact', scores: 'logits'});
    expectClose([input, hidden], [a, b], 1e-6);
    expect(resolveOptions('f', options)).toMatchObject({gradient: 'exact', scores: 'logits'});
  });

  it('takes another weight of the cross-entropy, 0 included', () => {
    const [loss, margin] = measured(presets.robust({norm: 'l2', gamma: 0.5, crossEntropyWeight: 0}));
    expectClose([loss], [margin / 0.5], 1e-6);
  });

  it('refuses a bad norm and a bad gamma at once', async () => {
    await expectRefusal(() => presets.robust({norm: NaN, gamma: 1}), 'norm', 'presets.robust');
    for (const gamma of [0, NaN, undefined as never]) {
      await expectRefusal(() => presets.robust({norm: 'l2', gamma}), 'gamma', 'presets.robust');
    }
  });
});
