import * as tf from '@tensorflow/tfjs-core';
import {input, layers, model as functional, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {planMeasuring} from '../../plugin/measuring_plan.js';
import {logitsMoved, seeActivations} from '../../plugin/moved_run.js';
import {engineSnapshot, layersSnapshot} from '../support/engine_state.js';
import {expectClose} from '../support/expect_close.js';
import {errorOf, expectNoLeak} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {apply, convNet, dense, denseNet, seeded} from '../support/tiny_models.js';

const see = (model: LayersModel, xs: tf.Tensor[], names?: string[]) => {
  const {base, plan} = planMeasuring('test', model, {layers: names});
  return {plan, ...expectNoLeak(() => seeActivations(base, plan, xs))};
};

/** What a layer of a functional or Sequential model gives, by a model of its own. */
function outputOf(model: LayersModel, name: string, x: tf.Tensor): tf.Tensor {
  const {output} = model.getLayer(name);
  return functional({inputs: model.inputs, outputs: output as never}).predict(x) as tf.Tensor;
}

const x = randomTensor([3, 4], 1);

describe('seeActivations', () => {
  it('gives what a model that ends there gives', () => {
    const net = convNet();
    const pictures = randomTensor([3, 6, 6, 2], 2);
    const {activations} = see(net, [pictures], ['input', 'conv1', 'pool', 'conv2', 'output']);
    expectClose(activations.input.dataSync(), pictures.dataSync(), 0);
    for (const name of ['conv1', 'pool', 'conv2']) {
      expect(activations[name].shape).toEqual(outputOf(net, name, pictures).shape);
      expectClose(activations[name].dataSync(), outputOf(net, name, pictures).dataSync(), 1e-6);
    }
    // The logits lie before the softmax.
    const probabilities = (net.predict(pictures) as tf.Tensor).dataSync();
    expectClose(tf.softmax(activations.output as tf.Tensor2D).dataSync(), probabilities, 1e-6);
  });

  it('reaches layers inside nested models', () => {
    const inner = denseNet({units: [5], classes: 4, softmax: false, activation: 'relu'});
    const outer = seeded(sequential({layers: [inner, dense('top', 3)]}));
    const {activations} = see(outer, [x], ['hidden1']);
    expectClose(activations.hidden1.dataSync(), outputOf(inner, 'hidden1', x).dataSync(), 1e-6);
  });

  it('leaves model and engine as they were, also when a layer throws', async () => {
    const net = denseNet();
    const {base, plan} = planMeasuring('test', net, {});
    const state = () => [layersSnapshot(net), engineSnapshot()];
    const before = state();
    tf.dispose(seeActivations(base, plan, [x]).activations);
    const scores = net.getLayer('scores');
    const tensors = tf.memory().numTensors;
    scores.call = () => {
      throw new Error('planted');
    };
    expect(String(await errorOf(() => seeActivations(base, plan, [x])))).toMatch('planted');
    delete (scores as {call?: unknown}).call;
    expect(state()).toEqual(before);
    expect(tf.memory().numTensors).toBe(tensors);
  });
});

describe('logitsMoved', () => {
  it('gives the logits where nothing is moved, at every layer', () => {
    const net = convNet();
    const pictures = randomTensor([3, 6, 6, 2], 2);
    const names = ['input', 'conv1', 'pool', 'conv2', 'flat', 'output'];
    const {plan, activations, places} = see(net, [pictures], names);
    for (const name of names) {
      const logits = expectNoLeak(() => logitsMoved(net, plan, [pictures], places[name], activations[name]));
      expectClose(logits.dataSync(), activations.output.dataSync(), 1e-6);
    }
  });

  it('runs the rest of the net from where an activation was moved to', () => {
    const net = denseNet({units: [5, 4]});
    const {plan, places} = see(net, [x], ['input', 'hidden1', 'hidden2']);
    const [w2, b2, w3, b3] = net
      .getWeights()
      .slice(2)
      .map(t => t as tf.Tensor2D);
    const moved = randomTensor<tf.Tensor2D>([3, 5], 7);
    const hidden2 = tf.tanh(tf.add(tf.matMul(moved, w2), b2)) as tf.Tensor2D;
    const expected = tf.add(tf.matMul(hidden2, w3), b3).dataSync();
    const logits = (name: string, to: tf.Tensor) => logitsMoved(net, plan, [x], places[name], to).dataSync();
    expectClose(logits('hidden1', moved), expected, 1e-6);
    expectClose(logits('hidden2', hidden2), expected, 1e-6);
    const elsewhere = randomTensor([3, 4], 8);
    const {activations} = see(net, [elsewhere], ['output']);
    expectClose(logits('input', elsewhere), activations.output.dataSync(), 1e-6);
  });

  it('moves one use of a shared layer and not the other', () => {
    const shared = dense('shared', 4, {activation: 'tanh'});
    const inputs = input({shape: [4]});
    const first = apply(shared, inputs);
    const second = apply(shared, first);
    const net = seeded(functional({inputs, outputs: apply(dense('scores'), second)}));
    const {plan, places, activations} = see(net, [x], ['shared:0', 'shared:1', 'output']);
    const zeros = tf.zeros([3, 4]);
    const of = (name: string, to: tf.Tensor) => logitsMoved(net, plan, [x], places[name], to).dataSync();
    // Of zeros the second use makes tanh(bias), the scores their bias.
    const [, sharedBias, scoresKernel, scoresBias] = net.getWeights();
    const afterFirst = tf.tanh(tf.add(zeros, sharedBias)) as tf.Tensor2D;
    const expected = tf.add(tf.matMul(afterFirst, scoresKernel as tf.Tensor2D), scoresBias);
    expectClose(of('shared:0', zeros), expected.dataSync(), 1e-6);
    expectClose(of('shared:1', zeros), tf.tile(tf.reshape(scoresBias, [1, 3]), [3, 1]).dataSync(), 1e-6);
    for (const name of ['shared:0', 'shared:1'])
      expectClose(of(name, activations[name]), activations.output.dataSync(), 1e-6);
  });

  it('moves one of several inputs', () => {
    const [a, b] = [input({shape: [4], name: 'a'}), input({shape: [4], name: 'b'})];
    const sum = layers.add().apply([a, b]);
    const net = seeded(functional({inputs: [a, b], outputs: apply(dense('scores'), sum as never)}));
    const y = randomTensor([3, 4], 9);
    const {plan, places} = see(net, [x, y], ['a', 'b']);
    const moved = logitsMoved(net, plan, [x, y], places.b, x);
    const {activations} = see(net, [x, tf.clone(x)], ['output']);
    expectClose(moved.dataSync(), activations.output.dataSync(), 1e-6);
  });
});
