import * as tf from '@tensorflow/tfjs-core';
import {input, layers, model, type SymbolicTensor} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {checkInputs, readTargets, toList} from '../../plugin/batch_checks.js';
import {planMargin} from '../../plugin/margin_plan.js';
import {expectNoLeak, expectRefusal} from '../support/expect_no_leak.js';
import {denseNet, labelsOf} from '../support/tiny_models.js';

describe('toList', () => {
  const [a, b] = [tf.zeros([2, 3]), tf.zeros([2, 4])];

  it('takes a tensor, a list and a record by name, in the order of the names', () => {
    expect(toList('f', 'x', a, ['a'])).toEqual([a]);
    expect(toList('f', 'x', [a, b], ['a', 'b'])).toEqual([a, b]);
    expect(toList('f', 'x', {b, a}, ['a', 'b'])).toEqual([a, b]);
  });

  it.each<[string, () => unknown, string]>([
    ['one tensor for two names', () => a, '1 tensor'],
    ['too many', () => [a, b, a], '3 tensor(s)'],
    ['another name', () => ({a, c: b}), 'the keys a, c'],
    ['nothing', () => undefined, 'undefined'],
    ['null', () => null, 'null'],
    ['numbers', () => [1, 2], '2 items that are no tensors'],
  ])('refuses %s and names what it wants', async (_, make, got) => {
    const run = () => toList('f', 'x', make() as tf.Tensor, ['a', 'b']);
    await expectRefusal(run, 'x', 'f: ', '2 tensor(s) for a, b', `'${got}'`);
  });

  it('refuses what was disposed of', async () => {
    const gone = tf.zeros([1]);
    gone.dispose();
    await expectRefusal(() => toList('f', 'labels', gone, ['a']), 'labels', 'disposed');
  });
});

describe('checkInputs', () => {
  const net = denseNet();
  const check = (x: tf.Tensor) => () => checkInputs('f', [x], net);

  it('takes any number of examples of the right shape, integers too, and leaves no tensor behind', () => {
    for (const x of [tf.zeros([1, 4]), tf.zeros([7, 4]), tf.zeros([2, 4], 'int32')]) {
      expectNoLeak(check(x));
      x.dispose();
    }
  });

  it('takes any size where the model leaves it open', () => {
    const x = input({shape: [null, 2] as never});
    const open = model({inputs: x, outputs: layers.globalAveragePooling1d().apply(x) as SymbolicTensor});
    for (const length of [1, 9])
      expectNoLeak(() => tf.tidy(() => checkInputs('f', [tf.zeros([3, length, 2])], open)));
  });

  it.each([[[4]], [[2, 5]], [[2, 4, 1]], [[]]])('refuses the shape [%s] and shows both', async shape => {
    const x = tf.zeros(shape);
    await expectRefusal(check(x), 'x', '[any,4]', `[${shape}]`);
    x.dispose();
  });

  it('refuses an empty batch', async () => {
    const x = tf.zeros([0, 4]);
    await expectRefusal(check(x), 'x', 'at least one example');
    x.dispose();
  });

  it.each([NaN, Infinity, -Infinity])('refuses %s anywhere', async value => {
    const x = tf.tensor2d([1, 2, 3, 4, 5, 6, value, 8], [2, 4]);
    await expectRefusal(check(x), 'x', 'finite');
    x.dispose();
  });
});

describe('readTargets', () => {
  it('reads the labels of the classification output among several', () => {
    const x = input({shape: [4], name: 'x'});
    const head = (name: string, units: number) => layers.dense({units, name}).apply(x) as SymbolicTensor;
    const net = model({inputs: x, outputs: [head('value', 1), head('classes', 3)]});
    const plan = planMargin('f', net, {gamma: 1, output: 'classes'});
    const [values, labels] = [tf.zeros([2, 1]), labelsOf([2, 0])];
    expect(Array.from(expectNoLeak(() => readTargets('f', [values, labels], 2, plan)))).toEqual([2, 0]);
    tf.dispose([values, labels]);
  });

  it('refuses labels of another number of examples', async () => {
    const plan = planMargin('f', denseNet(), {gamma: 1});
    const labels = labelsOf([0, 1, 2]);
    await expectRefusal(() => readTargets('f', [labels], 2, plan), 'labels', '[2, 3]', '[3, 3]');
    labels.dispose();
  });
});
