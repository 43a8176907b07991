import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {defineAttack, defineMinimumAttack} from '../../../src/attacks/define_attack.js';
import type {AttackDefinition} from '../../../src/attacks/define_attack.js';
import type {AttackLoss, AttackResult, CommonAttackOptions} from '../../../src/attacks/attack_types.js';
import {distanceBetween} from '../../../src/attacks/exact_clip.js';
import {ifgsm, pgd, type Classifier} from '../../../src/index.js';
import {classesOf, counted, forThisFile, linearNet, rowWiseNet} from '../../support/attacked_nets.js';
import {errorOf, expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';

const SIZE = 6;
const EXAMPLES = 11;
const net = rowWiseNet(SIZE, 4, 3);
const x = forThisFile(tf.tidy(() => tf.sigmoid(randomTensor([EXAMPLES, 2, 3], 5))));
const labels = classesOf(net, x);
const oneHot = forThisFile(tf.oneHot(tf.tensor1d(labels, 'int32'), 4));

/** An attack that goes wherever the test says, from the inputs of a search. */
function goingTo(
  where: (x: tf.Tensor, epsilon: number) => tf.Tensor,
  more: Partial<AttackDefinition<CommonAttackOptions, null>> = {},
) {
  return defineAttack<CommonAttackOptions, null>({
    name: 'toy',
    norms: ['linf', 'l2', 'l1'],
    options: [],
    attacks: 'all',
    usesGradients: false,
    resolve: () => null,
    run: search => Promise.resolve(where(search.x, search.task.epsilon)),
    ...more,
  });
}

const numbers = ({adversarial}: AttackResult) => Array.from(adversarial.dataSync());
const dispose = (results: AttackResult | AttackResult[]) =>
  tf.dispose([results].flat().map(({adversarial}) => adversarial));

describe('the labels', () => {
  const forms: Array<[string, () => tf.Tensor | ArrayLike<number>]> = [
    ['an array', () => labels],
    ['an Int32Array', () => Int32Array.from(labels)],
    ['a Uint8Array', () => Uint8Array.from(labels)],
    ['a tensor of float32', () => tf.tensor1d(labels)],
    ['a tensor of int32', () => tf.tensor1d(labels, 'int32')],
    ['a column', () => tf.tensor2d(labels, [EXAMPLES, 1], 'int32')],
    ['one-hot rows of float32', () => oneHot.cast('float32')],
    ['one-hot rows of int32', () => oneHot.clone()],
    ['one-hot rows of bool', () => oneHot.cast('bool')],
  ];

  it.each(forms)('may be %s', async (_, make) => {
    const expected = await pgd(net, x, labels, {epsilon: 0.2, steps: 5});
    const form = make();
    const found = await expectNoLeakAsync(() => pgd(net, x, form, {epsilon: 0.2, steps: 5, batchSize: 4}));
    expect(found.success).toEqual(expected.success);
    expect(numbers(found)).toEqual(numbers(expected));
    dispose([expected, found]);
    if (form instanceof tf.Tensor) form.dispose();
  });
});

describe('whoever calls may, without waiting,', () => {
  it('dispose of his tensors and write to his arrays', async () => {
    const expected = await pgd(net, x, labels, {epsilons: [0.2, 0.1], steps: 3, batchSize: 4});
    const [ownX, ownLabels] = [x.clone(), tf.tensor1d(labels)];
    const epsilons = [0.2, 0.1];
    const running = pgd(net, ownX, ownLabels, {epsilons, steps: 3, batchSize: 4});
    tf.dispose([ownX, ownLabels]);
    epsilons[0] = 7;
    const results = await running;
    const array = [...labels];
    const again = pgd(net, x, array, {epsilons: [0.2, 0.1], steps: 3, batchSize: 4});
    array.fill(99);
    for (const found of [results, await again]) {
      expect(found.map(({epsilon}) => epsilon)).toEqual([0.2, 0.1]);
      expect(found.map(numbers)).toEqual(expected.map(numbers));
      dispose(found);
    }
    dispose(expected);
  });

  it('end the tidy in which he called, and keep tensors of his own', async () => {
    const before = tf.memory().numTensors;
    const own = tf.keep(tf.ones([3]));
    let running!: Promise<AttackResult>;
    tf.tidy(() => {
      running = pgd(net, x.add(0), tf.tensor1d(labels), {epsilon: 0.1, steps: 3});
    });
    const other = tf.tidy(() => tf.keep(tf.zeros([2])));
    dispose(await running);
    expect(own.isDisposed || other.isDisposed).toBe(false);
    tf.dispose([own, other]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('open a scope that lasts as long as the attack', async () => {
    const before = tf.memory().numTensors;
    tf.engine().startScope();
    const running = pgd(net, x, labels, {epsilons: [0.1, 0.2], steps: 3, restarts: 2, batchSize: 5});
    const results = await running;
    expect(results.every(({adversarial}) => !adversarial.isDisposed)).toBe(true);
    tf.engine().endScope();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('open and end scopes while the attack is under way', async () => {
    const expected = await pgd(net, x, labels, {epsilon: 0.2, steps: 6, loss: 'logitMargin'});
    const onProgress = () => {
      tf.engine().startScope();
      setImmediate(() => tf.engine().endScope());
    };
    const found = await expectNoLeakAsync(() =>
      pgd(net, x, labels, {epsilon: 0.2, steps: 6, loss: 'logitMargin', onProgress}),
    );
    expect(numbers(found)).toEqual(numbers(expected));
    dispose([expected, found]);
  });
});

describe('batches', () => {
  const split = [
    ...[1, 2, 3, 4, 10].map(size => ['linf', size] as const),
    ...[1, 4].map(size => ['l2', size] as const),
    ...[1, 4].map(size => ['l1', size] as const),
  ];
  // The native engine computes the last numbers of a tensor, those that fill no vector register, by other code: roots
  // and quotients may then differ in their last bit.
  const bounds = {linf: 0, l1: 0, l2: 2 ** -22};

  it.each(split)('make no difference, %s (l2: but in the last bits), %i at once', async (norm, batchSize) => {
    for (const attack of [pgd, ifgsm]) {
      const options = {epsilons: [0.3, 0.1], norm, steps: 3};
      const loss: AttackLoss[] = ['crossEntropy', 'dlr'];
      const whole = await attack(net, x, labels, {...options, loss, batchSize: 1000});
      const found = await expectNoLeakAsync(() => attack(net, x, labels, {...options, loss, batchSize}));
      whole.forEach((one, k) => {
        const other = found[k];
        const apart = numbers(one).map((v, i) => Math.abs(v - numbers(other)[i]));
        expect(Math.max(...apart)).toBeLessThanOrEqual(bounds[norm]);
        expect(other.success).toEqual(one.success);
        expect(other.gradients).toEqual(one.gradients);
      });
      dispose([...whole, ...found]);
    }
  });

  it('are no larger than they may be', async () => {
    const counting = counted(net);
    dispose(await pgd(counting, x, labels, {epsilon: 0.2, steps: 2, batchSize: 4}));
    expect(Math.max(...counting.sizes)).toBe(4);
  });
});

describe('what a run gives back', () => {
  const far = goingTo(at => tf.tidy(() => tf.fill(at.shape, 7)));

  it.each(['linf', 'l2', 'l1'] as const)('is clipped to the %s ball and the bounds, exactly', async norm => {
    for (const epsilon of [0, 1e-30, 1e-7, 0.1, 1]) {
      const found = await expectNoLeakAsync(() => far(net, x, labels, {epsilon, norm, batchSize: 3}));
      const [values, from] = [found.adversarial.dataSync() as Float32Array, x.dataSync() as Float32Array];
      expect(found.adversarial.shape).toEqual(x.shape);
      found.distance.forEach((distance, i) => {
        const [a, b] = [values, from].map(all => all.subarray(i * SIZE, (i + 1) * SIZE));
        expect(distance).toBeLessThanOrEqual(epsilon);
        expect(distance).toBe(distanceBetween(a, b, norm));
      });
      expect(values.every(v => v >= 0 && v <= 1)).toBe(true);
      if (epsilon === 0) expect(values).toEqual(from);
      dispose(found);
    }
  });

  it('is judged where it was clipped to, not where it had come to', async () => {
    // Logits (x, 0.5): above 0.5 the class is 0. From 0.3 a run goes to 1, but 0.1 leads to 0.4 only.
    const step: Classifier = at => tf.tidy(() => tf.concat([at, tf.fill(at.shape, 0.5)], 1));
    const input = tf.tensor2d([[0.3]]);
    const results = await goingTo(at => tf.onesLike(at))(step, input, [1], {epsilons: [0.1, 0.3]});
    expect(results.map(({success}) => success)).toEqual([[false], [true]]);
    tf.dispose([input, ...results.map(({adversarial}) => adversarial)]);
  });

  it('is put back to the input where it is NaN', async () => {
    const found = await goingTo(at => tf.fill(at.shape, NaN))(net, x, labels, {epsilon: 0.1});
    expect(numbers(found)).toEqual(Array.from(x.dataSync()));
    expect(found.distance.every(d => d === 0)).toBe(true);
    dispose(found);
  });

  it('comes in the order of the radii, the smallest being tried first', async () => {
    const tried: number[] = [];
    const attack = goingTo((at, epsilon) => {
      tried.push(epsilon);
      return at.clone();
    });
    const results = await attack(net, x, labels, {epsilons: [0.3, 0.1, 0.2, 0.1]});
    expect(tried).toEqual([0.1, 0.1, 0.2, 0.3]);
    expect(results.map(({epsilon}) => epsilon)).toEqual([0.3, 0.1, 0.2, 0.1]);
    dispose(results);
  });

  it('says of gradients what they were like only where there were any', async () => {
    const [without, withThem] = [
      await far(net, x, labels, {epsilon: 0.1}),
      await pgd(net, x, labels, {epsilon: 0.1}),
    ];
    expect('gradients' in without).toBe(false);
    expect(withThem.gradients).toEqual(new Array(EXAMPLES).fill('sound'));
    dispose([without, withThem]);
  });
});

describe('targets', () => {
  it('are reached, and success means just that', async () => {
    const targets = labels.map(label => (label + 1) % 4);
    const found = await pgd(net, x, targets, {epsilon: 0.9, targeted: true, steps: 20});
    const reached = classesOf(net, found.adversarial).map((label, i) => label === targets[i]);
    expect(found.success).toEqual(reached);
    expect(reached.filter(Boolean).length).toBeGreaterThan(EXAMPLES / 2);
    dispose(found);
  });
});

describe('a classifier is refused', () => {
  type Case = [string, (x: tf.Tensor) => unknown, string | RegExp];
  const bad: Case[] = [
    [
      'for probabilities',
      at => tf.softmax(net(at) as tf.Tensor2D),
      /logits, got 'probabilities'.*toClassifier\(model\)/,
    ],
    [
      'for probabilities beside NaN',
      at => withNaN(tf.softmax(net(at) as tf.Tensor2D)),
      "got 'probabilities'",
    ],
    [
      'for one logit',
      at => tf.ones([at.shape[0], 1]),
      `[${EXAMPLES}, classes >= 2], got 'float32 [${EXAMPLES},1]'`,
    ],
    ['for a vector', at => tf.ones([at.shape[0]]), `got 'float32 [${EXAMPLES}]'`],
    ['for too many rows', at => tf.ones([at.shape[0] + 1, 3]), `got 'float32 [${EXAMPLES + 1},3]'`],
    ['for whole numbers', at => tf.ones([at.shape[0], 3], 'int32'), 'int32'],
    ['for a promise', at => Promise.resolve(net(at).dispose()), '[object Promise]'],
    ['for nothing', () => undefined, "got 'undefined'"],
    ['for a list', at => [net(at)], 'toClassifier'],
  ];

  it.each(bad)('%s', async (_, classifier, said) => {
    await expectRefusal(() => pgd(classifier as Classifier, x, labels, {epsilon: 0.1}), 'classifier', said);
  });

  it.each([1, 4, 100])('for probabilities in batches of %i', async batchSize => {
    const softmax: Classifier = at => tf.softmax(net(at) as tf.Tensor2D);
    const attack = () => pgd(softmax, x, labels, {epsilon: 0.1, batchSize});
    await expectRefusal(attack, 'classifier', "got 'probabilities'");
  });

  it.each([1, 2, 100])(
    'not for rows of logits that add up to 1 by accident, in batches of %i',
    async batchSize => {
      const same: Classifier = at => tf.mul(at, 1);
      const rows = tf.tensor2d([0.25, 0.75, 3, 1, 0.5, 0.5], [3, 2]);
      const options = {epsilon: 0.1, bounds: [-20, 20] as [number, number], batchSize};
      const {success, adversarial} = await expectNoLeakAsync(() => ifgsm(same, rows, [1, 0, 1], options));
      // 0.75 - 0.25 and 3 - 1 are more than 2 x 0.1; of two equal logits the first wins already.
      expect(success).toEqual([false, false, true]);
      tf.dispose([rows, adversarial]);
    },
  );

  it('for fewer classes at a later call', async () => {
    let calls = 0;
    const fickle: Classifier = at =>
      tf.tidy(() => (++calls < 3 ? net(at) : tf.slice(net(at), [0, 0], [-1, 3])));
    const attack = () => pgd(fickle, x, labels, {epsilon: 0.1, steps: 5, batchSize: 4});
    await expectRefusal(attack, 'classifier', /\[4, 4\], got 'float32 \[4,3\]'/);
  });
});

/** With NaN in the first row. */
function withNaN(rows: tf.Tensor): tf.Tensor {
  const [count, classes] = rows.shape as [number, number];
  const spoilt = tf.tensor2d(
    Array.from({length: count * classes}, (_, i) => (i === 0 ? NaN : 0)),
    [count, classes],
  );
  return tf.add(rows, spoilt);
}

describe('when something throws', () => {
  // 3 batches of 4, 4 and 3, each judged, climbed 3 steps at 2 radii and for 2 losses, judged between them and after.
  const options = {
    epsilons: [0.05, 0.1],
    steps: 3,
    batchSize: 4,
    loss: ['crossEntropy', 'logitMargin'] as const,
  };
  const call = (classifier: Classifier, more: object = {}) =>
    pgd(classifier, x, labels, {...options, loss: [...options.loss], ...more});

  it('in the classifier, at whatever call, the error passes and nothing is left behind', async () => {
    const counting = counted(net);
    dispose(await call(counting));
    const total = counting.sizes.length;
    expect(total).toBeGreaterThan(30);
    for (let n = 1; n <= total; n++) {
      let calls = 0;
      const failure = new Error(`call ${n}`);
      const failing: Classifier = at => {
        const logits = net(at);
        if (++calls === n) throw failure;
        return logits;
      };
      const before = tf.memory().numTensors;
      const error = await errorOf(() => call(failing));
      expect(error).toBe(failure);
      expect(tf.memory().numTensors - before, `left behind by the failure of call ${n}`).toBe(0);
    }
  });

  it('in onProgress, the same', async () => {
    for (const n of [1, 2, 9]) {
      let calls = 0;
      const failure = new Error('progress');
      const onProgress = () => {
        if (++calls === n) throw failure;
      };
      const before = tf.memory().numTensors;
      expect(await errorOf(() => call(net, {onProgress}))).toBe(failure);
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  it('as the signal does, at whatever step, the reason passes and nothing is left behind', async () => {
    for (const n of [1, 2, 3, 4, 8, 20]) {
      const controller = new AbortController();
      const reason = new Error(`step ${n}`);
      let calls = 0;
      const onProgress = () => {
        if (++calls === n) controller.abort(reason);
      };
      const before = tf.memory().numTensors;
      expect(await errorOf(() => call(net, {onProgress, signal: controller.signal}))).toBe(reason);
      expect(calls).toBe(n);
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  it('before the first step, the net is not even asked', async () => {
    const counting = counted(net);
    const before = tf.memory().numTensors;
    const reason = new Error('never mind');
    expect(await errorOf(() => call(counting, {signal: AbortSignal.abort(reason)}))).toBe(reason);
    expect(counting.sizes).toEqual([]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('between batches in which nothing is to be done, the signal is heard too', async () => {
    const controller = new AbortController();
    let calls = 0;
    const aborting: Classifier = at => {
      if (++calls === 2) controller.abort();
      return net(at);
    };
    // Every label is wrong already: no batch has a step.
    const wrong = labels.map(label => (label + 1) % 4);
    const options = {epsilon: 0.1, batchSize: 1, signal: controller.signal};
    const error = await errorOf(() => pgd(aborting, x, wrong, options));
    expect((error as Error).name).toBe('AbortError');
    expect(calls).toBe(2);
  });
});

describe('an attack that seeks the smallest perturbation', () => {
  let runs: number[] = [];
  const halfway = defineMinimumAttack<CommonAttackOptions, null>({
    name: 'halfway',
    norms: ['l2'],
    options: [],
    attacks: 'standing',
    usesGradients: false,
    resolve: () => null,
    run: search => {
      runs.push(search.task.epsilon);
      return Promise.resolve(tf.tidy(() => tf.add(search.x, 0.4)));
    },
  });
  // Logits (x, 0.5): above 0.5 the class is 0.
  const threshold: Classifier = at => tf.tidy(() => tf.concat([at, tf.fill(at.shape, 0.5)], 1));
  const inputs = forThisFile(tf.tensor2d([[0.05], [0.2], [0.45], [0.55]]));

  it('is asked once, without a radius', async () => {
    runs = [];
    const found = await expectNoLeakAsync(() => halfway(threshold, inputs, [1, 1, 1, 1]));
    expect(runs).toEqual([Infinity]);
    expect(found.epsilon).toBeUndefined();
    // 0.05 + 0.4 falls short; 0.55 is wrong as it is.
    expect(found.success).toEqual([false, true, true, true]);
    expect(Array.from(found.distance, d => Math.round(d * 1e6) / 1e6)).toEqual([0.4, 0.4, 0.4, 0]);
    dispose(found);
  });

  it('is asked once for all radii, and its result is clipped to each and judged again', async () => {
    runs = [];
    const results = await expectNoLeakAsync(() =>
      halfway(threshold, inputs, [1, 1, 1, 1], {epsilons: [1, 0.1, 0.32]}),
    );
    expect(runs).toEqual([Infinity]);
    expect(results.map(({success}) => success)).toEqual([
      [false, true, true, true],
      // 0.45 + 0.1
      [false, false, true, true],
      // 0.2 + 0.32
      [false, true, true, true],
    ]);
    dispose(results);
  });
});

it('gives the same whether or not a linear net is asked example by example, to float error', async () => {
  const linear = linearNet(randomTensor([SIZE, 3], 8));
  const classes = classesOf(linear, x);
  const [one, all] = [
    await pgd(linear, x, classes, {epsilon: 0.05, norm: 'l2', batchSize: 1}),
    await pgd(linear, x, classes, {epsilon: 0.05, norm: 'l2'}),
  ];
  const worst = numbers(one).reduce((most, v, i) => Math.max(most, Math.abs(v - numbers(all)[i])), 0);
  expect(worst).toBeLessThan(1e-6);
  expect(one.success).toEqual(all.success);
  dispose([one, all]);
});
