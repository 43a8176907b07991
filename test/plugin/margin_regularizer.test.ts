import * as tf from '@tensorflow/tfjs-core';
import {input, layers, sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {
  LargeMarginModel,
  MarginRegularizer,
  marginRegularizer,
  schedules,
  type MarginRegularizerArgs,
} from '../../plugin/index.js';
import {expectNoLeak, expectRefusal} from '../support/expect_no_leak.js';
import {kernelsRunBy} from '../support/native_kernels.js';
import {randomTensor} from '../support/randoms.js';
import {apply, dense, seeded} from '../support/tiny_models.js';

describe('marginRegularizer', () => {
  it.each([[[3]], [[3, 4]], [[3, 4, 2]], [[3, 4, 2, 2]], [[2, 3, 2, 2, 2]], [[2, 0]]])(
    'is the identity, for shape %j',
    shape => {
      const x = randomTensor(shape, 1);
      for (const training of [true, false, undefined]) {
        const result = expectNoLeak(() => marginRegularizer().apply(x, {training}) as tf.Tensor);
        expect(result.shape).toEqual(shape);
        expect(result.dataSync()).toEqual(x.dataSync());
        // A tensor of its own: who disposes of one has the other still.
        expect(result).not.toBe(x);
        result.dispose();
      }
      expect(x.isDisposed).toBe(false);
    },
  );

  it('passes on NaN, Infinity, integers and what is no float', () => {
    const odd = tf.tensor1d([NaN, Infinity, -0]);
    expect(Array.from((marginRegularizer().apply(odd) as tf.Tensor).dataSync())).toEqual([NaN, Infinity, -0]);
    const ids = tf.tensor1d([7, 8], 'int32');
    expect((marginRegularizer().apply(ids) as tf.Tensor).dtype).toBe('int32');
  });

  it('has no weights and keeps the shape', () => {
    const layer = marginRegularizer();
    const marked = apply(layer, input({shape: [5, null, 2], name: 'x'}));
    expect(marked.shape).toEqual([null, 5, null, 2]);
    expect(layer.weights).toEqual([]);
    expect(layer.countParams()).toBe(0);
  });

  it('costs a prediction one copy, which shares its numbers, and no other operation', () => {
    const net = (mark: layers.Layer[]) =>
      sequential({layers: [dense('h', 5, {inputShape: [4]}), ...mark, dense('scores')]});
    const x = randomTensor([2, 4], 1);
    const kernels = [net([]), net([marginRegularizer()])].map(net =>
      kernelsRunBy(() => tf.dispose(net.predict(x))),
    );
    const added = [...kernels[1]];
    for (const name of kernels[0]) added.splice(added.indexOf(name), 1);
    expect(added).toEqual(['Identity']);
    x.dispose();
  });

  it('lets masks through to the layers after it', () => {
    const make = (mark: layers.Layer[]) =>
      seeded(
        sequential({
          layers: [
            layers.embedding({inputDim: 9, outputDim: 3, inputLength: 4, maskZero: true}),
            ...mark,
            layers.lstm({units: 3}),
            dense('scores'),
          ],
        }),
      );
    const ids = tf.tensor2d([
      [1, 2, 0, 0],
      [3, 0, 0, 0],
    ]);
    const [plain, marked] = [make([]), make([marginRegularizer()])];
    marked.setWeights(plain.getWeights());
    const [expected, got] = [plain, marked].map(net => (net.predict(ids) as tf.Tensor).dataSync());
    expect(got).toEqual(expected);
  });

  it('keeps what it was given, and nothing else', () => {
    expect(marginRegularizer().margin).toEqual({});
    const all = {
      gamma: schedules.delay({steps: 3, before: 2, then: 1}),
      weight: 0,
      norm: 1.5,
      scale: 'size',
    } as const;
    expect(marginRegularizer({...all, name: 'a'}).margin).toEqual(all);
    const some = marginRegularizer({gamma: 2, norm: undefined});
    expect(some.margin).toEqual({gamma: 2});
    expect(Object.isFrozen(some.margin)).toBe(true);
    expect(some).toBeInstanceOf(MarginRegularizer);
  });

  it('is a layer like any other: a name of its own kind, and no call without being built', () => {
    expect(marginRegularizer().name).toMatch(/^large_margin_regularizer/);
    expect(marginRegularizer({name: 'here'}).name).toBe('here');
    const net = sequential({layers: [marginRegularizer({inputShape: [4]}), dense('scores')]});
    expect(net.inputs[0].shape).toEqual([null, 4]);
    const lines: string[] = [];
    net.summary(undefined, undefined, line => lines.push(String(line)));
    expect(lines.join('\n')).toContain('large_margin_regularizer');
  });

  it('makes the margin layers of a LargeMarginModel without layers', () => {
    const net = sequential({
      layers: [
        dense('h1', 5, {inputShape: [4]}),
        marginRegularizer({name: 'a', gamma: 3}),
        dense('h2', 4),
        marginRegularizer({name: 'b'}),
        dense('scores'),
      ],
    });
    const names = (options: object) => {
      const model = new LargeMarginModel(net, {gamma: 1, ...options});
      model.compile({optimizer: 'sgd'});
      return model.metricsNames.filter(name => name.startsWith('margin_'));
    };
    expect(names({})).toEqual(['margin_a', 'margin_b']);
    // What is asked for by name is what there is.
    expect(names({layers: ['h1', 'b']})).toEqual(['margin_h1', 'margin_b']);
    expect(names({layers: 'input'})).toEqual(['margin_input']);
  });

  const wrong: Array<[string, string, object]> = [
    ['an unknown key', 'args', {gama: 1}],
    ['gamma 0', 'gamma of layer m', {gamma: 0}],
    ['gamma NaN', 'gamma of layer m', {gamma: NaN}],
    ['gamma null', 'gamma of layer m', {gamma: null}],
    ['gamma as text', 'gamma of layer m', {gamma: '1'}],
    ['a schedule of no kind', 'gamma of layer m', {gamma: {name: 'linear'}}],
    [
      'a schedule that ends at 0',
      'gamma of layer m.initial x alpha',
      {
        gamma: schedules.cosineDecay({initial: 1, decaySteps: 5}),
      },
    ],
    ['a negative weight', 'weight of layer m', {weight: -1}],
    ['norm 0.5', 'norm of layer m', {norm: 0.5}],
    ['norm l3', 'norm of layer m', {norm: 'l3'}],
    ['scale 0', 'scale of layer m', {scale: 0}],
    ['scale as text', 'scale of layer m', {scale: 'width'}],
  ];
  it.each(wrong)('refuses %s', async (_, argument, args) => {
    const make = () => marginRegularizer({name: 'm', ...args} as MarginRegularizerArgs);
    await expectRefusal(make, argument, 'marginRegularizer: expected ');
  });

  it('refuses several tensors, when the model is made and when it is run', async () => {
    const [a, b] = [input({shape: [4], name: 'a'}), input({shape: [4], name: 'b'})];
    await expectRefusal(() => marginRegularizer().apply([a, b]), 'inputs', '2 tensors');
    const x = tf.zeros([2, 4]);
    await expectRefusal(() => marginRegularizer().apply([x, x]), 'inputs', '2 tensors');
    expectNoLeak(() => tf.dispose(marginRegularizer().apply([x]) as tf.Tensor));
  });
});
