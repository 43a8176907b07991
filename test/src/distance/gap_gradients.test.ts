import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {gapGradients} from '../../../src/distance/gap_gradients.js';
import {isTapeLive, liveTape} from '../../../src/distance/live_tape.js';
import {expectClose} from '../../support/expect_close.js';
import {expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {taped} from '../../support/taped.js';

// x [3, 4] -> tanh(x w) [3, 5] -> h v [3, 3]; the directions are those of label 0 against 1 and against 2.
const x = randomTensor<tf.Tensor2D>([3, 4], 1);
const w = randomTensor<tf.Tensor2D>([4, 5], 2);
const v = randomTensor<tf.Tensor2D>([5, 3], 3);
const directions = [
  [1, -1, 0],
  [1, 0, -1],
].map(d => tf.tensor2d([d, d, d]));

/** Dense layers alone are walked once for all directions; with a subtraction on the way, once for each. */
function net(isFolded = true) {
  const input = tf.clone(x);
  const product = tf.matMul(input, w);
  const h = tf.tanh(isFolded ? product : tf.sub(product, 0));
  return {scores: tf.matMul(h, v) as tf.Tensor2D, activations: {input, h}};
}

/** The same gradients in float64, by hand: d/dh = v direction, d/dx = w (d/dh * (1 - h^2)). */
function byHand(direction: number[]) {
  const [xs, ws, vs] = [x.arraySync(), w.arraySync(), v.arraySync()];
  const h = xs.map(row =>
    ws[0].map((_, j) => Math.tanh(row.reduce((total, value, i) => total + value * ws[i][j], 0))),
  );
  const atH = h.map(() => vs.map(row => row.reduce((total, value, c) => total + value * direction[c], 0)));
  const atX = h.map((row, i) =>
    ws.map(weights => weights.reduce((total, value, j) => total + value * atH[i][j] * (1 - row[j] ** 2), 0)),
  );
  return {h: atH.flat(), input: atX.flat()};
}

describe.each([
  ['exact', 'folded'],
  ['exact', 'one by one'],
  ['firstOrder', 'folded'],
  ['firstOrder', 'one by one'],
] as const)('gapGradients, %s, %s', (gradient, walks) => {
  const options = {gradient, batchStatistics: 'constant'} as const;
  const isFolded = walks === 'folded';
  const numbersOf = (chunks: tf.Tensor[]) => chunks.flatMap(chunk => Array.from(chunk.dataSync()));

  it('gives all directions their gradients at all activations, one direction after another', () => {
    const results = taped(() => {
      const {scores, activations} = net(isFolded);
      const {h, input} = gapGradients('f', scores, activations, directions, options);
      expect([h.length, input.length]).toEqual(isFolded ? [1, 1] : [2, 2]);
      return {h: numbersOf(h), input: numbersOf(input)};
    });
    const [first, second] = [byHand([1, -1, 0]), byHand([1, 0, -1])];
    expectClose(results.h, [...first.h, ...second.h], 1e-6);
    expectClose(results.input, [...first.input, ...second.input], 1e-6);
  });

  it('gives the directions themselves at the scores', () => {
    const same = taped(() => {
      const {scores} = net(isFolded);
      return numbersOf(gapGradients('f', scores, {scores}, directions, options).scores);
    });
    expect(same).toEqual(directions.flatMap(d => Array.from(d.dataSync())));
  });

  it('leaves the same tape live', () => {
    taped(() => {
      const tape = liveTape();
      const {scores, activations} = net(isFolded);
      gapGradients('f', scores, activations, directions, options);
      expect(isTapeLive()).toBe(true);
      expect(liveTape()).toBe(tape);
    });
  });

  it('computes no gradient of a weight', async () => {
    const products = async (f: () => void) => {
      const {kernels} = await tf.profile(() => taped(f));
      return kernels.filter(({name}) => name === 'BatchMatMul' || name === '_FusedMatMul').length;
    };
    const forward = await products(() => void net(isFolded));
    const all = await products(() => {
      const {scores, activations} = net(isFolded);
      gapGradients('f', scores, activations, directions, options);
    });
    // Forward 2 products; back to x there are 2 more for each walk; with gradients of w and v it would be 4.
    expect([forward, all]).toEqual([2, 2 + 2 * (isFolded ? 1 : 2)]);
  });

  it('refuses when no tape is live, and says how to have one', async () => {
    const {scores, activations} = net(isFolded);
    const run = () => gapGradients('f', scores, activations, directions, options);
    await expectRefusal(run, 'logits', 'live tape', 'tf.variableGrads');
    tf.dispose([scores, activations]);
  });

  it('refuses an activation that does not lead to the scores, by name', async () => {
    await expectRefusal(
      () =>
        taped(() => {
          const {scores, activations} = net(isFolded);
          gapGradients('f', scores, {...activations, aside: tf.relu(x)}, directions, options);
        }),
      'layers',
      'aside',
    );
  });
});

describe('gapGradients', () => {
  const options = {batchStatistics: 'constant'} as const;

  it('tapes nothing in first-order mode, and what leads from the weights to the gradients in exact mode', () => {
    const lengths = (['firstOrder', 'exact'] as const).map(gradient =>
      taped(() => {
        const {scores, activations} = net();
        const before = liveTape().length;
        gapGradients('f', scores, activations, directions, {...options, gradient});
        return liveTape().length - before;
      }),
    );
    expect(lengths[0]).toBe(0);
    expect(lengths[1]).toBeGreaterThan(0);
  });

  it('refuses an operation without a trusted second derivative in exact mode only', async () => {
    const run = (gradient: 'exact' | 'firstOrder') => () =>
      taped(() => {
        const input = tf.clone(x);
        const scores = tf.mul(tf.matMul(tf.matMul(input, w), v), tf.prod(input, 1, true)) as tf.Tensor2D;
        gapGradients('f', scores, {input}, directions, {...options, gradient});
      });
    await expectRefusal(run('exact'), 'gradient', 'Prod', "'firstOrder'", 'Cumprod');
    expect(run('firstOrder')).not.toThrow();
  });

  it.each(['exact', 'firstOrder'] as const)(
    'refuses an operation that tfjs differentiates wrongly (%s)',
    async gradient => {
      const run = () =>
        taped(() => {
          const input = tf.clone(x);
          const scores = tf.matMul(tf.floorDiv(tf.matMul(input, w), 0.1), v) as tf.Tensor2D;
          gapGradients('f', scores, {input}, directions, {...options, gradient});
        });
      await expectRefusal(run, 'gradient', 'FloorDiv', 'wrong');
    },
  );
});
