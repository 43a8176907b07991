import * as tf from '@tensorflow/tfjs-core';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {apgd, type ApgdOptions} from '../../../src/attacks/apgd.js';
import type {AttackResult} from '../../../src/attacks/attack_types.js';
import {pgd} from '../../../src/attacks/pgd.js';
import type {Classifier} from '../../../src/types.js';
import {expectClose} from '../../support/expect_close.js';
import {errorOf, expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randoms, randomTensor} from '../../support/randoms.js';
import {trainedNet, type TrainedNet} from '../../support/trained_net.js';

let net: TrainedNet;

beforeAll(() => {
  net = trainedNet();
});
afterAll(() => net.dispose());

const EXAMPLES = 6;
const SIZE = 12;

/** Two or more classes, logits x w + (far, 0, ...): so far that no radius here makes class 0 wrong. */
function affine(classes: number, far: number) {
  const w = randoms(SIZE * classes, 5);
  const x = randomTensor<tf.Tensor2D>([EXAMPLES, SIZE], 6);
  const classifier: Classifier = points =>
    tf.tidy(() => {
      const bias = tf.tensor1d([far, ...new Array<number>(classes - 1).fill(0)]);
      return tf.add(tf.matMul(points as tf.Tensor2D, tf.tensor2d(w, [SIZE, classes])), bias);
    });
  return {classifier, x, labels: new Array<number>(EXAMPLES).fill(0), w};
}

/** z_k - z_0 at the given inputs, in double precision. */
function leads(x: tf.Tensor, w: Float32Array, classes: number, k: number, far: number): number[] {
  const values = x.dataSync();
  return Array.from({length: EXAMPLES}, (_, i) => {
    let lead = -far;
    for (let j = 0; j < SIZE; j++) lead += values[i * SIZE + j] * (w[j * classes + k] - w[j * classes]);
    return lead;
  });
}

const wide = {bounds: [-100, 100] as [number, number]};
const share = ({success}: AttackResult) => success.filter(Boolean).length / success.length;

describe('apgd on affine nets', () => {
  // Of two classes z_1 - z_0 is linear: over the ball it rises by epsilon times the dual norm of its gradient.
  const dual = {
    linf: (row: number[]) => row.reduce((total, value) => total + Math.abs(value), 0),
    l2: (row: number[]) => Math.hypot(...row),
  };
  const cases = (['linf', 'l2'] as const).flatMap(norm =>
    (['crossEntropy', 'logitMargin'] as const).map(loss => [norm, loss] as const),
  );

  it.each(cases)('reaches the best point of the ball: %s, %s', async (norm, loss) => {
    const {classifier, x, labels, w} = affine(2, 40);
    const epsilon = 0.7;
    const {adversarial} = await apgd(classifier, x, labels, {epsilon, norm, loss, ...wide});
    const slope = Array.from({length: SIZE}, (_, j) => w[2 * j + 1] - w[2 * j]);
    const before = leads(x, w, 2, 1, 40);
    const gains = leads(adversarial, w, 2, 1, 40).map((lead, i) => lead - before[i]);
    expectClose(gains, new Array<number>(EXAMPLES).fill(epsilon * dual[norm](slope)), 1e-3);
  });

  it.each(['linf', 'l2'] as const)('is led to the strongest rival with one target: %s', async norm => {
    const classes = 5;
    const {classifier, x, labels, w} = affine(classes, 60);
    const epsilon = 0.01;
    const options = {epsilon, norm, loss: 'crossEntropy', targets: 1, ...wide} as const;
    const {adversarial} = await apgd(classifier, x, labels, options);
    const rivals = Array.from({length: classes - 1}, (_, k) => leads(x, w, classes, k + 1, 60));
    const after = Array.from({length: classes - 1}, (_, k) => leads(adversarial, w, classes, k + 1, 60));
    for (let i = 0; i < EXAMPLES; i++) {
      const best = rivals.reduce((b, _, k) => (rivals[k][i] > rivals[b][i] ? k : b), 0);
      // Cross-entropy towards t with all mass on class 0 climbs z_t - z_0.
      const slope = Array.from({length: SIZE}, (_, j) => w[j * classes + best + 1] - w[j * classes]);
      const gain = after[best][i] - rivals[best][i];
      expect(Math.abs(gain / (epsilon * dual[norm](slope)) - 1)).toBeLessThanOrEqual(5e-3);
    }
  });
});

describe('apgd on a trained net', () => {
  const radii = {linf: [0.02, 0.04, 0.06], l2: [0.08, 0.15, 0.22]};

  it.each(['linf', 'l2'] as const)('is never weaker than pgd with as many steps: %s', async norm => {
    const common = {norm, epsilons: radii[norm], steps: 40};
    const ours = await apgd(net.classifier(), net.x, net.labels, common);
    const plain = await pgd(net.classifier(), net.x, net.labels, common);
    const shares = ours.map((result, k) => [share(plain[k]), share(result)]);
    console.log(`${norm}: share broken by pgd and apgd`, JSON.stringify(shares));
    for (const [theirs, own] of shares) {
      expect(own).toBeGreaterThanOrEqual(theirs - 0.005);
      expect(own).toBeGreaterThan(0.05);
      expect(own).toBeLessThan(0.95);
    }
    tf.dispose([...ours, ...plain].map(({adversarial}) => adversarial));
  });

  const comparisons: Array<[string, Partial<ApgdOptions>, Partial<ApgdOptions>]> = [
    ['a list of losses than one of them', {loss: ['crossEntropy', 'dlr']}, {loss: 'dlr'}],
    ['more restarts than fewer', {restarts: 3}, {}],
    ['more targets than fewer', {targets: 4}, {targets: 1}],
  ];

  it.each(comparisons)('breaks no example less with %s', async (_, more, less) => {
    const common = {epsilon: 0.04, steps: 15};
    const strong = await apgd(net.classifier(), net.x, net.labels, {...common, ...more});
    const weak = await apgd(net.classifier(), net.x, net.labels, {...common, ...less});
    expect(weak.success.filter((success, i) => success && !strong.success[i])).toEqual([]);
    tf.dispose([strong.adversarial, weak.adversarial]);
  });

  it('finds the same for an example whatever its batch', async () => {
    const common = {epsilon: 0.04, steps: 15, targets: 2, seed: 3};
    const [one, two] = [
      await apgd(net.classifier(), net.x, net.labels, {...common, batchSize: 200}),
      await apgd(net.classifier(), net.x, net.labels, {...common, batchSize: 200}),
    ];
    expect(two.adversarial.dataSync()).toEqual(one.adversarial.dataSync());
    const small = await apgd(net.classifier(), net.x, net.labels, {...common, batchSize: 33});
    const apart = small.success.filter((success, i) => success !== one.success[i]).length;
    expect(apart).toBeLessThanOrEqual(1);
    const other = await apgd(net.classifier(), net.x, net.labels, {...common, seed: 4});
    expect(other.adversarial.dataSync()).not.toEqual(one.adversarial.dataSync());
    tf.dispose([one, two, small, other].map(({adversarial}) => adversarial));
  });

  it('costs one pass a step and one at the start, for those that still stand alone', async () => {
    let rows = 0;
    const counting: Classifier = points => {
      rows += points.shape[0];
      return net.classifier()(points);
    };
    const steps = 10;
    const {success, adversarial} = await apgd(counting, net.x, net.labels, {
      epsilon: 0.04,
      steps,
      loss: 'dlr',
    });
    const clean = tf.tidy(() => tf.argMax(net.classifier()(net.x), 1).dataSync());
    const right = clean.filter((name, i) => name === net.labels[i]).length;
    const stood = success.filter(value => !value).length;
    // Beside the looks all are judged twice. A look at each that stands to the end, one to steps of them at the others.
    const looks = rows - 2 * success.length;
    expect(looks).toBeGreaterThanOrEqual((steps + 1) * stood + (right - stood));
    expect(looks).toBeLessThan((steps + 1) * right);
    adversarial.dispose();
  });

  it('leads to a target where the labels are targets', async () => {
    const targets = net.labels.map(label => (label + 1) % 5);
    const {adversarial, success} = await apgd(net.classifier(), net.x, targets, {
      epsilon: 0.2,
      targeted: true,
    });
    const reached = tf.tidy(() => tf.argMax(net.classifier()(adversarial), 1).dataSync());
    expect(success).toEqual(Array.from(reached, (name, i) => name === targets[i]));
    expect(success.filter(Boolean).length).toBeGreaterThan(150);
    adversarial.dispose();
  });
});

describe('apgd on nets that are not sound', () => {
  it('finds where a net breaks, and says so', async () => {
    // z_1 = -log(0.55 - first value) rises up to 0.55 and is NaN beyond.
    const x = tf.fill([3, 4], 0.5);
    const classifier: Classifier = points =>
      tf.tidy(() => {
        const first = tf.slice(points, [0, 0], [-1, 1]);
        return tf.concat([tf.fill(first.shape, 10), tf.neg(tf.log(tf.sub(0.55, first)))], 1);
      });
    const result = await expectNoLeakAsync(() => apgd(classifier, x, [0, 0, 0], {epsilon: 0.1, steps: 10}));
    expect(result.broken).toEqual([true, true, true]);
    expect(result.success).toEqual([false, false, false]);
    tf.dispose([x, result.adversarial]);
  });

  it('tells of gradients that are 0', async () => {
    const x = tf.fill([2, 4], 0.5);
    const classifier: Classifier = points =>
      tf.tidy(() =>
        tf.matMul(
          tf.sign(points) as tf.Tensor2D,
          tf.tensor2d([
            [1, 0],
            [1, 0],
            [1, 0],
            [1, 0],
          ]),
        ),
      );
    const {gradients, adversarial} = await apgd(classifier, x, [0, 0], {epsilon: 0.1, steps: 5});
    expect(gradients).toEqual(['zero', 'zero']);
    tf.dispose([x, adversarial]);
  });
});

describe('apgd', () => {
  it('leaves nothing but its results', async () => {
    const options = {
      epsilons: [0.02, 0, 0.05],
      steps: 12,
      targets: 2,
      loss: ['dlr', 'crossEntropy'],
    } as const;
    for (const norm of ['linf', 'l2'] as const) {
      const results = await expectNoLeakAsync(() =>
        apgd(net.classifier(), net.x, net.labels, {
          ...options,
          epsilons: [...options.epsilons],
          loss: [...options.loss],
          norm,
        }),
      );
      tf.dispose(results.map(({adversarial}) => adversarial));
    }
  });

  it('leaves nothing when it is ended, or when the net throws', async () => {
    const before = tf.memory().numTensors;
    const ending = new AbortController();
    const onProgress = ({step}: {step: number}) => {
      if (step === 5) ending.abort();
    };
    const aborted = await errorOf(() =>
      apgd(net.classifier(), net.x, net.labels, {epsilon: 0.04, onProgress, signal: ending.signal}),
    );
    expect((aborted as Error).name).toBe('AbortError');
    let calls = 0;
    const failing: Classifier = points => {
      if (++calls === 7) throw new Error('out of order');
      return net.classifier()(points);
    };
    const thrown = await errorOf(() => apgd(failing, net.x, net.labels, {epsilon: 0.04}));
    expect((thrown as Error).message).toBe('out of order');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses what makes no sense', async () => {
    const attack = (options: object) => () =>
      apgd(net.classifier(), net.x, net.labels, {epsilon: 0.1, ...options});
    await expectRefusal(attack({steps: 0}), 'steps', 'an integer >= 1', 'got 0');
    await expectRefusal(attack({restarts: 1.5}), 'restarts', 'got 1.5');
    await expectRefusal(attack({targets: -1}), 'targets', 'an integer >= 0');
    await expectRefusal(attack({targets: 5}), 'targets', 'in 1..4');
    await expectRefusal(attack({targets: 1, targeted: true}), 'targets', 'targeted');
    await expectRefusal(attack({seed: 0.5}), 'seed');
    await expectRefusal(attack({loss: 'hinge'}), 'loss', "'dlr'");
    await expectRefusal(attack({norm: 'l1'}), 'norm', "'linf', 'l2'");
  });

  it('refuses the dlr for nets of too few classes, and says what to take', async () => {
    const {classifier, x} = affine(3, 40);
    const attack = (options: object) => () =>
      apgd(classifier, x, [0, 0, 0, 0, 0, 0], {epsilon: 0.1, ...wide, ...options});
    await expectRefusal(attack({targets: 2}), 'loss', '3 classes', "take 'logitMargin'");
    const {adversarial} = await attack({targets: 2, loss: 'logitMargin', steps: 3})();
    tf.dispose([x, adversarial]);
  });
});
