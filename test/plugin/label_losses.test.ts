import * as tf from '@tensorflow/tfjs-core';
import {layers} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {
  acceptIndices,
  checkSavable,
  checkSmoothing,
  DEFAULT_LOSS,
  isCrossEntropy,
  labelFormOf,
  labelLossFunction,
  lossesByOutput,
  measureIndices,
} from '../../plugin/label_losses.js';
import {expectClose} from '../support/expect_close.js';
import {errorOf, expectNoLeak, expectRefusal} from '../support/expect_no_leak.js';
import {denseNet, labelsOf} from '../support/tiny_models.js';

const custom = () => {
  throw new Error('not run');
};

describe('label losses', () => {
  it('are one for all outputs, one in a list, or one by name, as compile takes them', () => {
    expect(lossesByOutput(undefined, ['a'])).toEqual([DEFAULT_LOSS]);
    expect(lossesByOutput('meanSquaredError', ['a', 'b'])).toEqual(['meanSquaredError', 'meanSquaredError']);
    expect(lossesByOutput(custom, ['a'])).toEqual([custom]);
    expect(lossesByOutput(['x', 'y'], ['a', 'b'])).toEqual(['x', 'y']);
    expect(lossesByOutput({b: 'y', a: 'x'}, ['a', 'b'])).toEqual(['x', 'y']);
    expect(lossesByOutput({a: 'x'}, ['a', 'b'])).toEqual(['x', undefined]);
  });

  it('are cross-entropies of logits by their two names only', () => {
    expect(isCrossEntropy('categoricalCrossentropy')).toBe(true);
    expect(isCrossEntropy('sparseCategoricalCrossentropy')).toBe(true);
    for (const other of ['binaryCrossentropy', 'toString', custom, undefined])
      expect(isCrossEntropy(other)).toBe(false);
  });

  it('say how they want their labels', () => {
    expect(labelFormOf('categoricalCrossentropy')).toBe('oneHot');
    expect(labelFormOf('sparseCategoricalCrossentropy')).toBe('indices');
    expect(labelFormOf(custom)).toBeUndefined();
  });

  it('are saved by name, and refused as functions', async () => {
    checkSavable(['categoricalCrossentropy', undefined]);
    await expectRefusal(
      () => checkSavable(['categoricalCrossentropy', custom]),
      'loss',
      'a function',
      'compile after',
    );
  });
});

describe('checkSmoothing', () => {
  it('lets cross-entropies be smoothed, and every loss be left alone', () => {
    for (const loss of ['categoricalCrossentropy', 'sparseCategoricalCrossentropy'])
      checkSmoothing('f', 0.1, loss);
    for (const loss of ['meanSquaredError', custom, undefined]) checkSmoothing('f', 0, loss);
  });

  it.each(['meanSquaredError', 'binaryCrossentropy', custom, undefined])('refuses it for %s', async loss => {
    const parts = ['f: expected labelSmoothing to be 0', 'got 0.1', 'categoricalCrossentropy or sparse'];
    await expectRefusal(() => checkSmoothing('f', 0.1, loss), 'labelSmoothing', ...parts);
  });
});

describe('labelLossFunction', () => {
  it("finds tfjs's losses by their names, holds no tensor, and leaves tfjs's numbering of layers alone", () => {
    const [labels, outputs] = [tf.tensor2d([[1, 0, 0]]), tf.tensor2d([[0.5, 0.3, 0.2]])];
    // (0.25 + 0.09 + 0.04) / 3; max(0, 1 + 0.3 - 0.5), as the largest of the wrong less the right; -log 0.5.
    const expected = {
      meanSquaredError: 0.38 / 3,
      categoricalHinge: 0.8,
      categoricalCrossentropy: Math.log(2),
    };
    const nameOf = () => Number(layers.flatten().name.match(/\d+$/)![0]);
    const before = nameOf();
    for (const [name, value] of Object.entries(expected)) {
      const loss = expectNoLeak(() => labelLossFunction('f', name));
      const result = loss(labels, outputs);
      expect(result.shape).toEqual([1]);
      expectClose(result.dataSync(), [value], 1e-6);
      expect(labelLossFunction('f', name)).toBe(loss);
      result.dispose();
    }
    expect(nameOf()).toBe(before + 1);
    tf.dispose([labels, outputs]);
  });

  it('is a function itself, where that is given', () => {
    expect(labelLossFunction('f', custom)).toBe(custom);
  });

  it.each(['mse2', 'toString', '', null, undefined, 3, ['meanSquaredError'], {a: 'meanSquaredError'}])(
    'refuses %j',
    async loss => {
      await expectRefusal(
        () => labelLossFunction('f', loss),
        'loss',
        'f: expected loss to be a function or a name',
      );
    },
  );
});

describe('acceptIndices', () => {
  const loss = (labels: tf.Tensor, outputs: tf.Tensor) => tf.mean(tf.sub(outputs, labels), 1);
  const [x, column] = [tf.ones([2, 4]), tf.tensor2d([[2], [1]])];

  it('lets a model take a column of indices for this loss, and for no other', async () => {
    const net = denseNet();
    const compile = (loss: unknown) => net.compile({optimizer: tf.train.sgd(0.1), loss: loss as string});
    const refusal = async (labels: tf.Tensor) => String(await errorOf(() => net.trainOnBatch(x, labels)));
    compile(loss);
    expect(await refusal(column)).toContain('target');
    acceptIndices(net, loss);
    expect(await refusal(column)).toBe('undefined');
    expect(await refusal(labelsOf([2, 1]))).toContain('target');
    compile((...args: Parameters<typeof loss>) => loss(...args));
    expect(await refusal(column)).toContain('target');
    expect(await refusal(labelsOf([2, 1]))).toBe('undefined');
    // Also where it is compiled, or grows, afterwards.
    compile(loss);
    expect(await refusal(column)).toBe('undefined');
    net.add(layers.dense({units: 3}));
    compile(loss);
    expect(await refusal(column)).toBe('undefined');
  });

  it('lets its metrics read them too', () => {
    const net = denseNet();
    acceptIndices(net, loss);
    const metrics = ['accuracy', 'ce', 'mse'];
    net.compile({optimizer: tf.train.sgd(0.1), loss: 'sparseCategoricalCrossentropy', metrics});
    const functions = () =>
      (net as unknown as {metricsTensors: Array<[unknown, number]>}).metricsTensors.map(([metric]) => metric);
    const ofIndices = functions();
    measureIndices(net);
    expect(functions()).toEqual(ofIndices);
    net.compile({optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy', metrics});
    const ofOneHot = functions();
    expect(ofOneHot).not.toEqual(ofIndices);
    measureIndices(net);
    expect(functions()).toEqual(ofOneHot);
    net.compile({optimizer: tf.train.sgd(0.1), loss, metrics});
    expect(functions()).toEqual(ofOneHot);
    expectNoLeak(() => measureIndices(net));
    expect(functions()).toEqual(ofIndices);
  });

  it('leaves a model alone that was never compiled', () => {
    const net = denseNet();
    expect(() => measureIndices(net)).not.toThrow();
    expectNoLeak(() => acceptIndices(net, loss));
  });
});
