import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {randomStart} from '../../../src/attacks/pgd.js';
import {distanceBetween} from '../../../src/attacks/exact_clip.js';
import {Search, type Task} from '../../../src/attacks/search.js';
import {fgsm, pgd, type AttackResult, type Classifier} from '../../../src/index.js';
import {classesOf, forThisFile, linearNet, rowWiseNet} from '../../support/attacked_nets.js';
import {expectNoLeak, expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';

const net = rowWiseNet(12, 5, 51, 3);
const x = forThisFile(tf.sigmoid(randomTensor([40, 12], 52)));
const labels = classesOf(net, x);
const count = ({success}: AttackResult) => success.filter(Boolean).length;
const numbers = ({adversarial}: AttackResult) => Array.from(adversarial.dataSync());

describe('pgd', () => {
  it('depends on its seed and on nothing else', async () => {
    const run = (seed?: number) => pgd(net, x, labels, {epsilon: 0.05, steps: 3, seed});
    const results = [await run(), await run(0), await run(1), await run(1)];
    const [none, zero, one, again] = results.map(numbers);
    expect(none).toEqual(zero);
    expect(one).toEqual(again);
    expect(one).not.toEqual(zero);
    tf.dispose(results.map(({adversarial}) => adversarial));
  });

  it('is at least as strong as one step', async () => {
    for (const norm of ['linf', 'l2', 'l1'] as const) {
      const epsilon = {linf: 0.15, l2: 0.5, l1: 1}[norm];
      const [many, one] = [
        await pgd(net, x, labels, {epsilon, norm, steps: 20}),
        await fgsm(net, x, labels, {epsilon, norm}),
      ];
      expect(count(many)).toBeGreaterThanOrEqual(count(one));
      expect(count(many)).toBeGreaterThan(0);
      expect(count(many)).toBeLessThan(40);
      tf.dispose([many.adversarial, one.adversarial]);
    }
  });

  it.each(['linf', 'l2', 'l1'] as const)(
    'beats a linear net wherever it can be beaten, and nowhere else: %s',
    async norm => {
      // Distance to the boundary: |margin| / dual norm of the difference of weights; bounds far away.
      const weights = randomTensor([6, 2], 61) as tf.Tensor2D;
      const w = weights.dataSync();
      const difference = Float64Array.from({length: 6}, (_, j) => w[2 * j] - w[2 * j + 1]);
      const dual = {
        linf: difference.reduce((total, v) => total + Math.abs(v), 0),
        l2: Math.hypot(...difference),
        l1: Math.max(...difference.map(Math.abs)),
      }[norm];
      const linear = linearNet(weights);
      const inputs = randomTensor([60, 6], 62);
      const classes = classesOf(linear, inputs);
      const gaps = Array.from({length: 60}, (_, i) =>
        Math.abs(difference.reduce((total, v, j) => total + v * inputs.dataSync()[6 * i + j], 0)),
      );
      const sorted = gaps.map(gap => gap / dual).sort((a, b) => a - b);
      // Half way between two distances, so that no rounding decides.
      const epsilon = (sorted[29] + sorted[30]) / 2;
      const found = await expectNoLeakAsync(() =>
        pgd(linear, inputs, classes, {epsilon, norm, bounds: [-99, 99], batchSize: 17}),
      );
      expect(found.success).toEqual(gaps.map(gap => gap / dual < epsilon));
      tf.dispose([inputs, found.adversarial]);
    },
  );

  it('is not misled by the scale of the logits, as the cross-entropy alone is', async () => {
    const scaled: Classifier = at => tf.tidy(() => tf.mul(net(at), 1000));
    const options = {epsilon: 0.15, steps: 10};
    const results = [
      await pgd(net, x, labels, options),
      await pgd(scaled, x, labels, options),
      await pgd(scaled, x, labels, {...options, loss: 'crossEntropy'}),
    ];
    const [plain, large, misled] = results.map(count);
    expect(Math.abs(plain - large)).toBeLessThanOrEqual(1);
    expect(misled).toBeLessThan(plain);
    expect(results[2].gradients).toContain('zero');
    expect(new Set(results[1].gradients)).toEqual(new Set(['sound']));
    tf.dispose(results.map(({adversarial}) => adversarial));
  });
});

describe('a random start', () => {
  const task: Task = {
    caller: 'toy',
    classifier: at => at,
    classes: 2,
    norm: 'linf',
    bounds: [0, 1],
    targeted: false,
    epsilon: 0.2,
    noteGradient: () => undefined,
    step: () => Promise.resolve(),
  };
  const examples = Array.from({length: 40}, (_, i) => i);

  it.each(['linf', 'l2', 'l1'] as const)(
    'is in the ball of %s and in the bounds, and is another each time',
    norm => {
      const search = new Search({...task, norm}, x, Int32Array.from(labels), examples);
      const starts = [0, 1].map(restart => expectNoLeak(() => randomStart(search, 3, restart)));
      const [first, second] = starts.map(start => start.dataSync() as Float32Array);
      expect(first).not.toEqual(second);
      for (const start of [first, second]) {
        expect(start.every(v => v >= 0 && v <= 1)).toBe(true);
        for (let i = 0; i < 40; i++) {
          const [a, b] = [start, x.dataSync() as Float32Array].map(all => all.subarray(12 * i, 12 * i + 12));
          expect(distanceBetween(a, b, norm)).toBeLessThanOrEqual(0.2 + 1e-6);
          expect(distanceBetween(a, b, norm)).toBeGreaterThan(0);
        }
      }
      tf.dispose(starts);
    },
  );
});
