import * as tf from '@tensorflow/tfjs-core';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {recordedBy} from '../../../src/distance/live_tape.js';
import {secondOrder} from '../../../src/distance/second_order.js';
import {expectClose} from '../../support/expect_close.js';
import {expectRefusal} from '../../support/expect_no_leak.js';

type Save = (tensors: tf.Tensor[]) => void;
const x = tf.tensor1d([0.3, -0.7, 1.1]);
const numbers = Array.from(x.dataSync());

/** d/dx of sum of f'(x) for f = sin(2 x) written by a user, -4 sin(2 x). */
const second = (f: (x: tf.Tensor) => tf.Tensor) => tf.tidy(() => tf.grad(secondOrder(f))(x).dataSync());
const expected = numbers.map(t => -4 * Math.sin(2 * t));

const written = (
  gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor,
  toSave = (x: tf.Tensor, _y: tf.Tensor) => [x],
) =>
  tf.customGrad((x, save) => {
    const value = tf.sin(tf.mul(x as tf.Tensor, 2));
    (save as unknown as Save)(toSave(x as tf.Tensor, value));
    return {value, gradFunc};
  });

describe("a user's custom gradient", () => {
  it('is taken when it is built of operations with gradients, on what it saved of its inputs', () => {
    const own = written((dy, [x]) => tf.mul(dy, tf.mul(2, tf.cos(tf.mul(x, 2)))));
    expectClose(second(own), expected, 1e-5);
    expectClose(
      second(x => tf.mul(own(tf.mul(x, 1)), 1)),
      expected,
      1e-5,
    );
  });

  it('is taken when it saves its output', () => {
    // exp(x): the gradient is dy times the output.
    const own = tf.customGrad((x, save) => {
      const value = tf.exp(x as tf.Tensor);
      (save as unknown as Save)([value]);
      return {value, gradFunc: (dy: tf.Tensor, [y]: tf.Tensor[]) => tf.mul(dy, y)};
    });
    expectClose(second(own), numbers.map(Math.exp), 1e-5);
  });

  it.each<[string, (x: tf.Tensor) => tf.Tensor, RegExp]>([
    [
      'reads values',
      written((dy, [x]) => tf.mul(dy, tf.tensor(x.dataSync().map(t => 2 * Math.cos(2 * t))))),
      /reads values/,
    ],
    [
      'uses what its forward pass computed',
      written(
        (dy, [c]) => tf.mul(dy, c),
        x => [tf.mul(2, tf.cos(tf.mul(x, 2)))],
      ),
      /computed off the tape/,
    ],
    [
      'uses an operation without a gradient',
      written((dy, [x]) => tf.mul(dy, tf.cumprod(tf.add(tf.mul(x, 0), 1)))),
      /Cumprod/,
    ],
    [
      'returns what its forward pass computed',
      x => {
        let kept: tf.Tensor;
        const own = written(
          () => kept,
          x => [(kept = tf.mul(2, tf.cos(tf.mul(x, 2))))],
        );
        return tf.mul(x, own(x));
      },
      /computed off the tape/,
    ],
  ])('is refused when it %s', async (_, own, why) => {
    await expectRefusal(() => second(own), 'f', why);
  });

  it('is refused when it keeps by itself what its forward pass computed last', () => {
    let kept: tf.Tensor | undefined;
    const own = tf.customGrad(x => {
      const value = tf.sin(tf.mul(x as tf.Tensor, 2));
      const slope = tf.keep(tf.mul(2, tf.cos(tf.mul(x as tf.Tensor, 2))));
      kept = slope;
      return {value, gradFunc: (dy: tf.Tensor) => tf.mul(dy, slope)};
    });
    expect(() => second(x => tf.mul(x, own(x)))).toThrow(/custom gradient.*computed off the tape/);
    kept?.dispose();
  });

  it('is refused by the name of its layer', async () => {
    const own = written((dy, [x]) => tf.mul(dy, tf.tensor(x.dataSync())));
    await expectRefusal(() => second(x => recordedBy('odd_layer', () => own(x))), 'f', '(layer odd_layer)');
  });

  it('leaves the engine as found', () => {
    const reader = tf.engine() as unknown as object;
    second(written((dy, [x]) => tf.mul(dy, x)));
    expect(Object.hasOwn(reader, 'readSync') || Object.hasOwn(reader, 'read')).toBe(false);
  });
});

describe("a user's own kernel", () => {
  const kernel = {kernelName: 'UnprovenSwing', backendName: tf.getBackend()};
  beforeAll(() => {
    tf.registerKernel({...kernel, kernelFunc: ({inputs}) => tf.tidy(() => tf.exp(inputs.x as tf.Tensor))});
    tf.registerGradient({
      kernelName: kernel.kernelName,
      outputsToSave: [true],
      gradFunc: (dy, [y]) => ({x: () => tf.mul(dy as tf.Tensor, y)}),
    });
  });
  afterAll(() => {
    tf.unregisterKernel(kernel.kernelName, kernel.backendName);
    tf.unregisterGradient(kernel.kernelName);
  });

  it('that saves its output is right', () => {
    const swing = (x: tf.Tensor) => tf.engine().runKernel(kernel.kernelName, {x}) as tf.Tensor;
    expectClose(second(swing), numbers.map(Math.exp), 1e-5);
  });
});
