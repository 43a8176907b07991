import * as tf from '@tensorflow/tfjs-core';
import {
  input,
  layers,
  model,
  sequential,
  type LayersModel,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {planMargin, type LargeMarginModelOptions} from '../../plugin/margin_plan.js';
import {intercept} from '../../plugin/taps.js';
import {expectClose} from '../support/expect_close.js';
import {errorOf} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {taped} from '../support/taped.js';
import {planOf} from '../support/margin_plans.js';
import {apply, convNet, dense, denseNet, seeded} from '../support/tiny_models.js';

/** The outputs and logits, read while the tape is live. */
function read(net: LayersModel, options: Partial<LargeMarginModelOptions>, xs: tf.Tensor[], training = true) {
  return taped(() => {
    const {outputs, logits, activations} = intercept(net, planOf(net, options), xs, training);
    const [output, values, softmax] = [outputs[0], logits, tf.softmax(logits)].map(t =>
      Array.from(t.dataSync()),
    );
    return {output, logits: values, softmax, names: Object.keys(activations)};
  });
}

/** A model of some layers of another, for the tensors between the two. */
function predict(inputs: SymbolicTensor[], output: SymbolicTensor, xs: tf.Tensor[]): tf.Tensor {
  return model({inputs, outputs: output}).predict(xs) as tf.Tensor;
}

describe('intercept', () => {
  const x = randomTensor([2, 6, 6, 2], 1);

  it.each([true, false])(
    'gives activations by which the tape knows the margin layers (training %s)',
    training => {
      const net = convNet({softmax: false});
      const names = ['conv1', 'pool', 'conv2'];
      const dy = randomTensor([2, 3], 9);
      const found = taped(() => {
        const {logits, activations} = intercept(
          net,
          planOf(net, {layers: ['input', ...names]}),
          [x],
          training,
        );
        expect(Object.keys(activations)).toEqual(['input', ...names]);
        return tf
          .engine()
          .gradients(() => logits, Object.values(activations), dy, true)
          .grads.map(g => g.dataSync());
      });
      // The same gradients from the layers that follow, run one by one on what comes before.
      const expected = ['input', ...names].map(name =>
        tf.tidy(() => {
          const at = net.layers.findIndex(layer => layer.name === name);
          const tail = (h: tf.Tensor) =>
            net.layers.slice(at + 1).reduce((t, layer) => layer.apply(t) as tf.Tensor, h);
          const here = at < 0 ? x : predict(net.inputs, net.layers[at].output as SymbolicTensor, [x]);
          return tf.grad(tail)(here, dy).dataSync();
        }),
      );
      found.forEach((gradient, i) => expectClose(gradient, expected[i], 1e-5));
      dy.dispose();
    },
  );

  const endings: Array<[string, (x: SymbolicTensor) => SymbolicTensor]> = [
    ['a dense softmax', x => apply(dense('scores', 3, {activation: 'softmax'}), x)],
    [
      'an Activation of softmax',
      x => apply(layers.activation({activation: 'softmax'}), apply(dense('scores'), x)),
    ],
    ['a Softmax layer', x => apply(layers.softmax(), apply(dense('scores'), x))],
    [
      'a nested model that ends in softmax',
      x => apply(sequential({layers: [dense('scores', 3, {inputShape: [72], activation: 'softmax'})]}), x),
    ],
    [
      'softmax and a reshape',
      x =>
        apply(
          layers.reshape({targetShape: [3]}),
          apply(
            layers.activation({activation: 'softmax'}),
            apply(layers.reshape({targetShape: [1, 3]}), apply(dense('scores'), x)),
          ),
        ),
    ],
  ];
  it.each(endings)('gives true logits where the net ends in %s, in training and at inference', (_, end) => {
    const inputs = input({shape: [6, 6, 2]});
    const net = seeded(model({inputs, outputs: end(apply(layers.flatten(), inputs))}));
    const expected = tf.tidy(() => (net.predict(x) as tf.Tensor).dataSync());
    const [kernel, bias] = net.getWeights();
    const logits = tf.tidy(() =>
      tf.add(tf.matMul(tf.reshape(x, [2, 72]), kernel as tf.Tensor2D), bias).dataSync(),
    );
    for (const training of [true, false]) {
      const seen = read(net, {layers: ['output']}, [x], training);
      expectClose(seen.logits, logits, 1e-5);
      expectClose(seen.softmax, expected, 1e-5);
    }
  });

  it('takes an output that is no softmax for the logits', () => {
    const net = convNet({softmax: false});
    const {logits} = read(net, {layers: 'input'}, [x]);
    expectClose(
      logits,
      tf.tidy(() => (net.predict(x) as tf.Tensor).dataSync()),
      1e-5,
    );
  });

  it('casts inputs to the type that the model takes', () => {
    const net = denseNet();
    const integers = tf.tensor2d([[1, 2, 3, 4]], [1, 4], 'int32');
    const floats = tf.cast(integers, 'float32');
    expectClose(read(net, {}, [integers]).logits, read(net, {}, [floats]).logits, 1e-6);
    tf.dispose([integers, floats]);
  });

  it('leaves the model as found, also when it throws', async () => {
    const net = convNet();
    const plan = planMargin('f', net, {gamma: 1, layers: ['hidden']});
    const state = () =>
      net.layers.map(layer => [
        Object.hasOwn(layer, 'call'),
        layer.call,
        (layer as never as {activation: unknown}).activation,
      ]);
    const before = state();
    taped(() => void intercept(net, plan, [x], true));
    expect(state()).toEqual(before);
    const wrong = randomTensor([2, 5, 5, 2], 1);
    const tensors = tf.memory().numTensors;
    expect(await errorOf(() => taped(() => void intercept(net, plan, [wrong], true)))).toBeInstanceOf(Error);
    expect(state()).toEqual(before);
    expect(tf.memory().numTensors).toBe(tensors);
    wrong.dispose();
  });

  it("leaves a layer's own call in place, and goes through it", () => {
    const net = denseNet();
    const layer = net.getLayer('hidden1');
    const original = layer.call.bind(layer);
    let calls = 0;
    const own = (...args: Parameters<typeof original>) => (calls++, original(...args));
    layer.call = own;
    expect(read(net, {layers: ['hidden1']}, [randomTensor([1, 4], 2)]).names).toEqual(['hidden1']);
    expect([calls, layer.call]).toEqual([1, own]);
  });
});
