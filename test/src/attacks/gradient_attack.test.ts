import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {climb, type Climb} from '../../../src/attacks/gradient_attack.js';
import {Search, type Task} from '../../../src/attacks/search.js';
import {fgsm, ifgsm, pgd, type Classifier} from '../../../src/index.js';
import {classesOf, counted, forThisFile, linearNet, rowWiseNet} from '../../support/attacked_nets.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';

function searchFor(classifier: Classifier, x: tf.Tensor, labels: number[], more: Partial<Task> = {}): Search {
  const task: Task = {
    caller: 'toy',
    classifier,
    classes: 2,
    norm: 'linf',
    bounds: [0, 1],
    targeted: false,
    epsilon: 1,
    noteGradient: () => undefined,
    step: () => Promise.resolve(),
    ...more,
  };
  return new Search(task, x, Int32Array.from(labels), [...labels.keys()]);
}

/** Climbs from x itself. */
const climbFrom = (search: Search, rule: Omit<Climb, 'start'>) =>
  climb(search, {...rule, start: search.x.clone()});
const read = (x: tf.Tensor) => Array.from(x.dataSync(), v => Math.round(v * 1e6) / 1e6);

describe('a climb', () => {
  // z_0 - z_1 = 2 a - b: at label 0 the margin rises as a falls and b rises.
  const net = linearNet(
    tf.tensor2d([
      [1, -1],
      [0, 1],
    ]),
  );
  const x = forThisFile(
    tf.tensor2d([
      [0.5, 0.5],
      [0.9, 0.1],
      [0.4, 0.6],
    ]),
  );
  const rule = {loss: 'logitMargin', steps: 3, stepSize: 0.1, leavesEarly: false} as const;

  it('goes along the signs of the gradient in linf', async () => {
    const found = await expectNoLeakAsync(() => climbFrom(searchFor(net, x, [0, 0, 0]), rule));
    // Three times (-0.1, +0.1).
    expect(read(found)).toEqual([0.2, 0.8, 0.6, 0.4, 0.1, 0.9]);
    found.dispose();
  });

  it('goes the other way to a target', async () => {
    const found = await climbFrom(searchFor(net, x, [0, 0, 0], {targeted: true}), rule);
    expect(read(found)).toEqual([0.8, 0.2, 1, 0, 0.7, 0.3]);
    found.dispose();
  });

  it('along the gradient in l2, and where it is largest in l1', async () => {
    const [l2, l1] = [
      await climbFrom(searchFor(net, x, [0, 0, 0], {norm: 'l2'}), rule),
      await climbFrom(searchFor(net, x, [0, 0, 0], {norm: 'l1'}), rule),
    ];
    // Gradient (-2, 1) / sqrt(5), 0.3 far in all; in l1 a alone, by 0.3.
    const [a, b] = [-0.6 / Math.sqrt(5), 0.3 / Math.sqrt(5)];
    l2.dataSync().forEach((v, i) => expect(v).toBeCloseTo(x.dataSync()[i] + (i % 2 ? b : a), 6));
    expect(read(l1)).toEqual([0.2, 0.5, 0.6, 0.1, 0.1, 0.6]);
    tf.dispose([l2, l1]);
  });

  it('does not leave the ball', async () => {
    const found = await climbFrom(searchFor(net, x, [0, 0, 0], {epsilon: 0.15}), rule);
    expect(read(found)).toEqual([0.35, 0.65, 0.75, 0.25, 0.25, 0.75]);
    found.dispose();
  });

  it('with momentum adds up gradients of l1 norm 1', async () => {
    // (a^2, b^2) makes gradients that change with the place: z_0 - z_1 = a^2 - b^2, slope (-2a, 2b) of the margin.
    const squares: Classifier = at => tf.square(at);
    const start = tf.tensor2d([[0.8, 0.4]]);
    const stepSize = 0.1;
    // By hand: m_1 = (-2/3, 1/3); the step is 0.1 m / |m|_2, and so on.
    let [a, b, ma, mb] = [0.8, 0.4, 0, 0];
    for (let n = 0; n < 3; n++) {
      const size = 2 * a + 2 * b;
      [ma, mb] = [0.5 * ma - (2 * a) / size, 0.5 * mb + (2 * b) / size];
      const length = Math.hypot(ma, mb);
      [a, b] = [a + (stepSize * ma) / length, b + (stepSize * mb) / length];
    }
    const search = searchFor(squares, start, [0], {norm: 'l2'});
    const found = await expectNoLeakAsync(() => climbFrom(search, {...rule, decay: 0.5}));
    const [first, second] = found.dataSync();
    expect(Math.abs(first - a)).toBeLessThan(1e-6);
    expect(Math.abs(second - b)).toBeLessThan(1e-6);
    tf.dispose([start, found]);
  });

  it('lets those leave that have arrived, and puts all in their order again', async () => {
    const counting = counted(net);
    const active: number[] = [];
    const step = (n: number) => Promise.resolve(void active.push(n));
    const search = searchFor(counting, x, [0, 0, 0], {step});
    const found = await expectNoLeakAsync(() => climbFrom(search, {...rule, steps: 6, leavesEarly: true}));
    // 2a - b falls by 0.3 a step from 0.5, 1.7, 0.2: they arrive after 2, 6 and 1 steps. The last is not looked at.
    expect(counting.sizes).toEqual([3, 3, 2, 1, 1, 1]);
    expect(active).toEqual([3, 2, 1, 1, 1, 1]);
    expect(read(found)).toEqual([0.3, 0.7, 0.3, 0.7, 0.3, 0.7]);
    found.dispose();
  });

  it('ends as soon as all have arrived', async () => {
    const counting = counted(net);
    const search = searchFor(counting, x, [1, 1, 1]);
    const found = await expectNoLeakAsync(() => climbFrom(search, {...rule, leavesEarly: true}));
    expect(counting.sizes).toEqual([3]);
    expect(read(found)).toEqual(read(x));
    found.dispose();
  });

  it('takes over its start, also when the net throws', async () => {
    const before = tf.memory().numTensors;
    const failing: Classifier = () => {
      throw new Error('no');
    };
    await expect(climbFrom(searchFor(failing, x, [0, 0, 0]), rule)).rejects.toThrow('no');
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a step costs', () => {
  const kernel = forThisFile(randomTensor([3, 3, 1, 4], 1)) as tf.Tensor4D;
  const dense = forThisFile(randomTensor([4 * 4 * 4, 3], 2)) as tf.Tensor2D;
  const conv: Classifier = x =>
    tf.tidy(() => {
      const hidden = tf.maxPool(tf.relu(tf.conv2d(x as tf.Tensor4D, kernel, 1, 'same')), 2, 2, 'valid');
      return tf.matMul(tf.reshape(hidden, [x.shape[0], -1]) as tf.Tensor2D, dense);
    });
  const x = forThisFile(tf.sigmoid(randomTensor([6, 8, 8, 1], 3)));
  const labels = classesOf(conv, x);

  /** How often each kernel runs in f, per step. */
  async function kernelsPerStep(run: (steps: number) => Promise<unknown>): Promise<Record<string, number>> {
    const count = async (steps: number) => {
      const counts: Record<string, number> = {};
      const {kernelNames} = await tf.profile(async () => {
        await run(steps);
        return [];
      });
      void kernelNames;
      const {kernels} = tf.engine().state.activeProfile;
      for (const {name} of kernels) counts[name] = (counts[name] ?? 0) + 1;
      return counts;
    };
    const [few, many] = [await count(2), await count(7)];
    return Object.fromEntries(Object.entries(many).map(([name, n]) => [name, (n - (few[name] ?? 0)) / 5]));
  }

  it.each(['linf', 'l2', 'l1'] as const)(
    'one pass forward and one back to the input, no gradient of a weight: %s',
    async norm => {
      const kernels = await kernelsPerStep(async steps => {
        (await ifgsm(conv, x, labels, {epsilon: 0.01, steps, norm})).adversarial.dispose();
      });
      expect(kernels).toMatchObject({Conv2D: 1, MaxPool: 1, Conv2DBackpropInput: 1, MaxPoolGrad: 1});
      // One product forward, one back: none for the weights.
      expect(kernels.BatchMatMul ?? kernels._FusedMatMul).toBe(2);
      expect(Object.keys(kernels).filter(name => /Filter/.test(name))).toEqual([]);
    },
  );

  it('one call of the classifier', async () => {
    const counting = counted(conv);
    (await ifgsm(counting, x, labels, {epsilon: 0.01, steps: 7})).adversarial.dispose();
    // One look before, one judgement after.
    expect(counting.sizes).toEqual(new Array(9).fill(6));
  });
});

describe('worst cases', () => {
  const net = rowWiseNet(6, 4, 3, 4);
  const x = forThisFile(tf.sigmoid(randomTensor([40, 6], 15)));
  const labels = classesOf(net, x);
  const options = {epsilon: 0.25, steps: 3};

  it('over losses beat whatever one of them alone beats', async () => {
    const losses = ['crossEntropy', 'logitMargin', 'dlr'] as const;
    const alone = await Promise.all(losses.map(loss => fgsm(net, x, labels, {epsilon: 0.25, loss})));
    const all = await fgsm(net, x, labels, {epsilon: 0.25, loss: [...losses]});
    labels.forEach((_, i) => expect(all.success[i]).toBe(alone.some(({success}) => success[i])));
    tf.dispose([all, ...alone].map(({adversarial}) => adversarial));
  });

  it('over restarts beat more than one start, and those that it beats among them', async () => {
    const [one, many] = [
      await pgd(net, x, labels, options),
      await pgd(net, x, labels, {...options, restarts: 4}),
    ];
    const counts = [one, many].map(({success}) => success.filter(Boolean).length);
    one.success.forEach((value, i) => expect(Number(many.success[i])).toBeGreaterThanOrEqual(Number(value)));
    expect(counts[1]).toBeGreaterThanOrEqual(counts[0]);
    tf.dispose([one, many].map(({adversarial}) => adversarial));
  });
});
