import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {
  checkInside,
  checkLossClasses,
  isNumberList,
  resolveAttackOptions,
  resolveLosses,
} from '../../../src/attacks/attack_options.js';
import {fgsm, ifgsm, momentumIfgsm, pgd, type Classifier} from '../../../src/index.js';
import {forThisFile, rowWiseNet} from '../../support/attacked_nets.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';

const net = rowWiseNet(4, 3, 1);
const x = forThisFile(tf.fill([5, 4], 0.5));
const labels = [0, 1, 2, 0, 1];
const circular: Record<string, unknown> = {};
circular.self = circular;

type Call = (net: unknown, x: unknown, labels: unknown, options: unknown) => Promise<unknown>;
const attacks = Object.entries({fgsm, ifgsm, momentumIfgsm, pgd}) as unknown as Array<[string, Call]>;

/** Options that are wrong, the argument that is at fault, and a part of what is said. */
const COMMON: Array<[string, object | null, string, string | RegExp]> = [
  ['no radius', {}, 'epsilon', 'to be finite and >= 0, got undefined; it is in the units of x'],
  ['no radius in epsilons', {epsilons: undefined}, 'epsilon', 'got undefined'],
  ['null', null, 'options', 'to be an object with epsilon or epsilons, got null'],
  ['two radii', {epsilon: 0.1, epsilons: [0.1]}, 'epsilons', 'or epsilon to be given, not both'],
  ['a negative radius', {epsilon: -0.1}, 'epsilon', 'got -0.1'],
  ['NaN for a radius', {epsilon: NaN}, 'epsilon', 'got NaN'],
  ['an infinite radius', {epsilon: Infinity}, 'epsilon', 'got Infinity'],
  ['a text for a radius', {epsilon: '0.1'}, 'epsilon', "got '0.1'"],
  ['no radii', {epsilons: []}, 'epsilons', 'to be a list of numbers'],
  ['a radius for radii', {epsilons: 0.1}, 'epsilons', 'to be a list of numbers'],
  ['a bad one of radii', {epsilons: [0.1, -1, 0.2]}, 'epsilons', 'got -1'],
  ['an unknown norm', {epsilon: 0.1, norm: 'l3'}, 'norm', "one of 'linf', 'l2', 'l1', got 'l3'"],
  ['a number for a norm', {epsilon: 0.1, norm: 2}, 'norm', 'got 2'],
  [
    'bounds the wrong way round',
    {epsilon: 0.1, bounds: [1, 0]},
    'bounds',
    'low < high in float32, got [1, 0]',
  ],
  ['bounds that are one in float32', {epsilon: 0.1, bounds: [1, 1 + 1e-12]}, 'bounds', 'in float32'],
  ['bounds beyond float32', {epsilon: 0.1, bounds: [-1e39, 1e39]}, 'bounds', 'in float32'],
  ['one bound', {epsilon: 0.1, bounds: [1]}, 'bounds', 'got [1]'],
  ['a bound of NaN', {epsilon: 0.1, bounds: [NaN, 1]}, 'bounds', 'got [NaN, 1]'],
  ['a number for bounds', {epsilon: 0.1, bounds: 1}, 'bounds', 'got 1'],
  ['a number for targeted', {epsilon: 0.1, targeted: 1}, 'targeted', 'to be true or false, got 1'],
  ['batches of nothing', {epsilon: 0.1, batchSize: 0}, 'batchSize', 'to be an integer >= 1, got 0'],
  ['batches of a half', {epsilon: 0.1, batchSize: 0.5}, 'batchSize', 'got 0.5'],
  ['progress to no function', {epsilon: 0.1, onProgress: true}, 'onProgress', 'to be a function, got true'],
  ['a signal that is none', {epsilon: 0.1, signal: {}}, 'signal', 'to be an AbortSignal, got {}'],
  ['no signal', {epsilon: 0.1, signal: null}, 'signal', 'got null'],
  [
    'an unknown key',
    {epsilon: 0.1, epsilom: 0.1},
    'options',
    /only the keys epsilon, epsilons, .*got 'epsilom'/,
  ],
  [
    'an unknown loss',
    {epsilon: 0.1, loss: 'hinge'},
    'loss',
    "one or several of 'crossEntropy', 'logitMargin'",
  ],
  ['one bad loss', {epsilon: 0.1, loss: ['dlr', 'hinge']}, 'loss', "got ['dlr', 'hinge']"],
  ['no loss', {epsilon: 0.1, loss: []}, 'loss', 'got []'],
  ['null for a loss', {epsilon: 0.1, loss: null}, 'loss', 'got null'],
  ['the own loss of a net that has none', {epsilon: 0.1, loss: 'own'}, 'loss', 'of a LargeMarginModel'],
];

const ITERATIVE: typeof COMMON = [
  ['no steps', {epsilon: 0.1, steps: 0}, 'steps', 'to be an integer >= 1, got 0'],
  ['half a step', {epsilon: 0.1, steps: 1.5}, 'steps', 'got 1.5'],
  [
    'steps that go nowhere',
    {epsilon: 0.1, stepSize: 0},
    'stepSize',
    'finite number > 0, got 0; or leave it out',
  ],
  ['steps of NaN', {epsilon: 0.1, stepSize: NaN}, 'stepSize', 'got NaN'],
];

const OWN: Record<string, typeof COMMON> = {
  fgsm: [['steps', {epsilon: 0.1, steps: 3}, 'options', "got 'steps'"]],
  ifgsm: [
    ...ITERATIVE,
    ['restarts', {epsilon: 0.1, restarts: 3}, 'options', "got 'restarts'"],
    ['decay and seed', {epsilon: 0.1, decay: 1, seed: 1}, 'options', "got 'decay, seed'"],
  ],
  momentumIfgsm: [
    ...ITERATIVE,
    ['a negative decay', {epsilon: 0.1, decay: -1}, 'decay', 'finite number >= 0, got -1'],
    ['an infinite decay', {epsilon: 0.1, decay: Infinity}, 'decay', 'got Infinity'],
  ],
  pgd: [
    ...ITERATIVE,
    ['no start', {epsilon: 0.1, restarts: 0}, 'restarts', 'to be an integer >= 1, got 0'],
    ['half a seed', {epsilon: 0.1, seed: 0.5}, 'seed', 'to be an integer, got 0.5'],
    ['a seed beyond integers', {epsilon: 0.1, seed: 2 ** 60}, 'seed', 'to be an integer'],
    ['decay', {epsilon: 0.1, decay: 1}, 'options', "got 'decay'"],
  ],
};

describe.each(attacks)('%s refuses', (name, attack) => {
  it.each([...COMMON, ...OWN[name]])('%s', async (_, options, argument, said) => {
    await expectRefusal(
      () => attack(net, x, labels, options),
      argument,
      `${name}: expected ${argument}`,
      said,
    );
  });

  it('options that are left out altogether', async () => {
    await expectRefusal(() => attack(net, x, labels, undefined), 'epsilon', 'got undefined');
  });

  const BAD: Array<[string, unknown, unknown, unknown, string, string | RegExp]> = [
    ['a model for a classifier', circular, x, labels, 'classifier', 'make one with toClassifier(model)'],
    ['no classifier', undefined, x, labels, 'classifier', 'got '],
    ['an array for x', net, [[0.5]], labels, 'x', 'to be a tensor'],
    ['a net for x', net, circular, labels, 'x', 'to be a tensor'],
    ['no x', net, null, labels, 'x', 'to be a tensor'],
    ['an object without a prototype for x', net, Object.create(null), labels, 'x', 'to be a tensor'],
    ['text for labels', net, x, '01201', 'labels', 'to be a tensor or an array of class indices'],
    ['no labels', net, x, undefined, 'labels', 'to be a tensor or an array'],
    ['labels with NaN', net, x, [0, 1, 2, 0, NaN], 'labels', 'to be a tensor or an array'],
    ['labels in rows', net, x, [[1, 0, 0]], 'labels', 'to be a tensor or an array'],
    ['labels with gaps', net, x, new Array(5), 'labels', 'to be a tensor or an array'],
    ['too few labels', net, x, [0, 1], 'labels', /of shape \[5, 3\].*got \[2\]/],
    ['an empty list of labels', net, x, [], 'labels', 'of shape'],
    ['a class that is none', net, x, [0, 1, 3, 0, 1], 'labels', /0\.\.2 \(example 2\), got 3/],
    ['half a class', net, x, [0, 0.5, 1, 0, 1], 'labels', /\(example 1\), got 0\.5/],
  ];

  it.each(BAD)('%s', async (_, classifier, x, labels, argument, said) => {
    await expectRefusal(() => attack(classifier, x, labels, {epsilon: 0.1}), argument, said);
  });

  const badTensors: Array<[string, () => tf.Tensor, string | RegExp]> = [
    ['whole numbers', () => tf.ones([5, 4], 'int32'), "to be float32, got 'int32'; use x.cast('float32')"],
    ['a single example without its axis', () => tf.ones([4]), /\[examples >= 1, \.\.\.\], got \[4\]/],
    ['no example', () => tf.zeros([0, 4]), 'got [0, 4]'],
    ['an input above its bound', () => planted(7, 1.25), /\[0, 1\] \(example 1\), got 1\.25; scale it/],
    ['an input below its bound', () => planted(19, -1e-6), /\(example 4\)/],
    ['NaN in an input', () => planted(8, NaN), /\(example 2\), got NaN/],
  ];

  it.each(badTensors)('%s', async (_, make, said) => {
    const bad = make();
    await expectRefusal(() => attack(net, bad, labels, {epsilon: 0.1}), 'x', said);
    bad.dispose();
  });

  it('tensors that are disposed of already', async () => {
    const gone = tf.ones([5, 4]);
    const labelsGone = tf.tensor1d(labels);
    tf.dispose([gone, labelsGone]);
    await expectRefusal(() => attack(net, gone, labels, {epsilon: 0.1}), 'x', 'a disposed one');
    await expectRefusal(() => attack(net, x, labelsGone, {epsilon: 0.1}), 'labels', 'a disposed one');
  });

  it("the dlr for a net of two classes, whose third logit there isn't", async () => {
    const two = rowWiseNet(4, 2, 1);
    const options = {epsilon: 0.1, loss: ['crossEntropy', 'dlr']};
    await expectRefusal(
      () => attack(two, x, [0, 1, 1, 0, 1], options),
      'loss',
      "'logitMargin'",
      'third largest',
    );
  });

  it('nothing about keys that are there but undefined', async () => {
    const nothing = {
      norm: undefined,
      bounds: undefined,
      targeted: undefined,
      loss: undefined,
      signal: undefined,
    };
    const options = {
      epsilon: 0.1,
      epsilons: undefined,
      batchSize: undefined,
      onProgress: undefined,
      ...nothing,
    };
    const [one, other] = await expectNoLeakAsync(async () => [
      await attack(net, x, labels, options),
      await attack(net, x, labels, {epsilon: 0.1}),
    ]);
    const [a, b] = [one, other].map(result => result as {adversarial: tf.Tensor; success: boolean[]});
    expect(Array.from(a.adversarial.dataSync())).toEqual(Array.from(b.adversarial.dataSync()));
    expect(a.success).toEqual(b.success);
    tf.dispose([a.adversarial, b.adversarial]);
  });
});

function planted(place: number, value: number): tf.Tensor {
  const values = new Float32Array(20).fill(0.5);
  values[place] = value;
  return tf.tensor(values, [5, 4]);
}

const takes = {norms: ['l2', 'linf'] as const, own: ['queries'], targeted: false, minimum: false};
const resolve = (options: object, more: object = {}) =>
  resolveAttackOptions('square', options, {...takes, norms: [...takes.norms], ...more});

describe('options, resolved', () => {
  it('have the first norm, [0, 1], batches of 100 where nothing is said', () => {
    const {epsilons, norm, bounds, targeted, batchSize} = resolve({epsilon: 0.5});
    expect({epsilons, norm, bounds, targeted, batchSize}).toEqual({
      epsilons: [0.5],
      norm: 'l2',
      bounds: [0, 1],
      targeted: false,
      batchSize: 100,
    });
  });

  it('take a copy of the radii', () => {
    const epsilons = [0.1, 0.2];
    const resolved = resolve({epsilons});
    epsilons[0] = 7;
    expect(resolved.epsilons).toEqual([0.1, 0.2]);
  });

  it('have bounds that an input can have', () => {
    expect(resolve({epsilon: 1, bounds: [-0.1, 0.7]}).bounds).toEqual([-0.1, 0.7].map(Math.fround));
  });

  it('leave the radius out for an attack that seeks the smallest perturbation', () => {
    expect(resolve({}, {minimum: true}).epsilons).toBeUndefined();
    expect(resolve({epsilon: 3}, {minimum: true}).epsilons).toEqual([3]);
    expect(() => resolve({epsilon: 3, epsilons: [3]}, {minimum: true})).toThrow('not both');
  });

  it('refuse targets for an attack that has none, and norms that it does not take', () => {
    expect(() => resolve({epsilon: 1, targeted: true})).toThrow("got 'targeted'");
    expect(() => resolve({epsilon: 1, norm: 'l1'})).toThrow("one of 'l2', 'linf', got 'l1'");
    expect(resolve({epsilon: 1, queries: 7}).norm).toBe('l2');
  });
});

describe('single checks', () => {
  it("let the net's own loss be taken where there is one", () => {
    const own = Object.assign((x: tf.Tensor) => x, {ownLoss: () => ({})}) as unknown as Classifier;
    expect(resolveLosses('pgd', 'own', own)).toEqual(['own']);
    expect(resolveLosses('pgd', ['own', 'dlr'], own)).toEqual(['own', 'dlr']);
  });

  it('let the dlr be taken from three classes on', () => {
    expect(() => checkLossClasses('pgd', {loss: 'dlr'}, 3)).not.toThrow();
    expect(() => checkLossClasses('pgd', {loss: 'crossEntropy'}, 2)).not.toThrow();
    expect(() => checkLossClasses('pgd', {}, 2)).not.toThrow();
    expect(() => checkLossClasses('pgd', {loss: 'dlr'}, 2)).toThrow("expected loss other than 'dlr'");
  });

  it('take inputs on the bounds', async () => {
    const edges = tf.tensor2d([[0, 1]]);
    await expectNoLeakAsync(() => checkInside('pgd', edges, [0, 1]));
    edges.dispose();
  });

  it('know a list of numbers', () => {
    expect([[1, 2], [], new Int32Array(2), new Float64Array(1)].map(isNumberList)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect([null, 'ab', [1, '2'], [NaN], {length: 1}, new BigInt64Array(1)].some(isNumberList)).toBe(false);
  });
});
