import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {noteLogits, withoutSoftmax} from '../../plugin/softmax_tap.js';
import {layersSnapshot} from '../support/engine_state.js';
import {expectClose} from '../support/expect_close.js';
import {expectNoLeak} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {taped} from '../support/taped.js';
import {dense, seeded} from '../support/tiny_models.js';

const x = randomTensor([2, 4], 1);
const endings: Array<[string, () => layers.Layer[]]> = [
  ['a dense layer', () => [dense('scores', 3, {activation: 'softmax', inputShape: [4]})]],
  [
    'an Activation',
    () => [dense('linear', 3, {inputShape: [4]}), layers.activation({activation: 'softmax'})],
  ],
  ['a Softmax layer', () => [dense('linear', 3, {inputShape: [4]}), layers.softmax()]],
];

/** A net, its last layer, and the logits of x by hand. */
function made(make: () => layers.Layer[]) {
  const net = seeded(sequential({layers: make()}));
  const [kernel, bias] = net.getWeights() as tf.Tensor2D[];
  const logits = tf.tidy(() => tf.add(tf.matMul(x as tf.Tensor2D, kernel), bias).dataSync());
  return {net, layer: net.layers[net.layers.length - 1], logits};
}

describe.each(endings)('the softmax of %s', (_, make) => {
  it('is left out by withoutSoftmax, and back afterwards', () => {
    const {net, layer, logits} = made(make);
    const before = layersSnapshot(net);
    const probabilities = (net.predict(x) as tf.Tensor).dataSync();
    const restore = withoutSoftmax(layer);
    expectClose((net.predict(x) as tf.Tensor).dataSync(), logits, 1e-6);
    restore();
    expect((net.predict(x) as tf.Tensor).dataSync()).toEqual(probabilities);
    expect(layersSnapshot(net)).toEqual(before);
  });

  it('is shown by noteLogits on a tape, computes as before, and is saved as before', () => {
    const {net, layer, logits} = made(make);
    const [config, before] = [net.getConfig(), layersSnapshot(net)];
    const probabilities = (net.predict(x) as tf.Tensor).dataSync();
    const noted: tf.Tensor[] = [];
    const restore = noteLogits(layer, t => noted.push(t));
    expect(expectNoLeak(() => net.predict(x) as tf.Tensor).dataSync()).toEqual(probabilities);
    expect(noted).toEqual([]);
    expect(net.getConfig()).toEqual(config);
    taped(() => {
      const outputs = tf.tidy(() => net.apply(x, {training: true}) as tf.Tensor);
      expect(outputs.dataSync()).toEqual(probabilities);
      expect(noted).toHaveLength(1);
      expectClose(noted[0].dataSync(), logits, 1e-6);
    });
    restore();
    taped(() => void net.apply(x));
    expect(noted).toHaveLength(1);
    expect(layersSnapshot(net)).toEqual(before);
  });

  it('shows logits that live as long as the tape, and no longer, also where it ends in an error', () => {
    const {net, layer} = made(make);
    const noted: tf.Tensor[] = [];
    noteLogits(layer, t => noted.push(t));
    expectNoLeak(() =>
      taped(() => {
        tf.tidy(() => void net.apply(x));
        tf.tidy(() => void net.apply(x));
        expect(noted.map(t => t.isDisposed)).toEqual([false, false]);
      }),
    );
    expect(noted.map(t => t.isDisposed)).toEqual([true, true]);
    const failing = () =>
      taped(() => {
        net.apply(x);
        throw new Error('inside');
      });
    expectNoLeak(() => void expect(failing).toThrow('inside'));
    expect(noted.map(t => t.isDisposed)).toEqual([true, true, true]);
  });

  it('has the same gradient while it is shown', () => {
    const {net, layer} = made(make);
    const slope = () =>
      tf.tidy(() =>
        tf
          .grad(x => tf.square(net.apply(x) as tf.Tensor))(x)
          .dataSync(),
      );
    const expected = slope();
    noteLogits(layer, () => {});
    expect(slope()).toEqual(expected);
    // Once more, and left out on top of that: the innermost is the layer's own.
    noteLogits(layer, () => {});
    const restore = withoutSoftmax(layer);
    expect(slope()).not.toEqual(expected);
    restore();
    expect(slope()).toEqual(expected);
  });
});
