import * as tf from '@tensorflow/tfjs-core';
import {input, layers, model as tfModel, type LayersModel} from '@tensorflow/tfjs-layers';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {AttachedModel, readWeights, type Measured} from '../../plugin/attached_model.js';
import {LargeMarginModel, marginRegularizer, type LargeMarginModelOptions} from '../../plugin/index.js';
import {internalsOf, trainedModel} from '../../plugin/model_internals.js';
import {layersSnapshot} from '../support/engine_state.js';
import {expectClose} from '../support/expect_close.js';
import {expectRefusal} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {apply, dense, denseNet, labelsOf, seeded} from '../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0]);
const NOW = {seed: 1, step: 0};

afterEach(() => void vi.restoreAllMocks());

/** Runs an attached model's step on a tape. */
function run(
  attached: AttachedModel,
  f: () => tf.Scalar,
  labels?: tf.Tensor,
): {cost: number; terms?: object} {
  let measured: Measured | undefined;
  const {value, grads} = tf.tidy(() =>
    tf.variableGrads(() => {
      const ran = attached.run(f, NOW, () => labels && {labels});
      measured = ran.measured;
      return ran.cost;
    }),
  );
  const cost = value.dataSync()[0];
  const terms =
    measured &&
    Object.fromEntries(Object.entries(measured.terms).map(([name, t]) => [name, t.dataSync()[0]]));
  tf.dispose([value, grads, measured?.terms ?? {}, measured?.reported ?? []]);
  return {cost, terms};
}

/** What tfjs minimizes in `fit`, as it computes it. */
const totalLoss = (model: LayersModel, x: tf.Tensor, ys: tf.Tensor[]) => () => {
  const outputs = [model.apply(x, {training: true})].flat() as tf.Tensor[];
  const {lossFunctions} = internalsOf(trainedModel(model));
  return lossFunctions!
    .map((loss, i) => tf.mean(loss(ys[i], outputs[i])))
    .reduce((total, loss) => tf.add(total, loss)) as tf.Scalar;
};

describe('an attached model', () => {
  const compiled = (net: LayersModel = denseNet()) => {
    net.compile({optimizer: 'sgd', loss: 'categoricalCrossentropy'});
    return net;
  };

  it('has the margin in the losses that it was compiled with while it runs, and not afterwards', () => {
    const net = compiled();
    const attached = new AttachedModel('f', net, {gamma: 2});
    const before = {layers: layersSnapshot(net), losses: internalsOf(trainedModel(net)).lossFunctions};
    const {cost, terms} = run(attached, totalLoss(net, x, [y]));
    const {
      loss,
      crossEntropy,
      margin,
      layers: ofLayers,
    } = new LargeMarginModel(net, {gamma: 2}).computeLoss(x, y);
    expectClose([cost], loss.dataSync(), 1e-6);
    expect(terms).toEqual({
      crossEntropy: crossEntropy.dataSync()[0],
      margin_input: ofLayers.input.dataSync()[0],
      margin_hidden1: ofLayers.hidden1.dataSync()[0],
      margin: margin.dataSync()[0],
    });
    expect(layersSnapshot(net)).toEqual(before.layers);
    expect(internalsOf(trainedModel(net)).lossFunctions).toBe(before.losses);
    tf.dispose([loss, crossEntropy, margin, ofLayers]);
  });

  it('weighs the losses of its other outputs as the label loss', () => {
    const inputs = input({shape: [4], name: 'x'});
    const trunk = apply(dense('trunk', 5, {activation: 'tanh'}), inputs);
    const outputs = [
      apply(dense('value', 1), trunk),
      apply(dense('classes', 3, {activation: 'softmax'}), trunk),
    ];
    const net = seeded(tfModel({inputs, outputs}));
    net.compile({optimizer: 'sgd', loss: ['meanSquaredError', 'categoricalCrossentropy']});
    const attached = new AttachedModel('f', net, {gamma: 2, output: 'classes', crossEntropyWeight: 0.25});
    const values = tf.ones([6, 1]);
    const {cost, terms} = run(attached, totalLoss(net, x, [values, y]));
    const {crossEntropy, margin} = terms as Record<string, number>;
    const [value] = net.predict(x) as tf.Tensor[];
    const squares = tf.losses.meanSquaredError(values, value).dataSync()[0];
    expectClose([cost], [0.25 * (squares + crossEntropy) + margin], 1e-6);
    tf.dispose([values, value]);
  });

  it('that was not run shows nothing, and the cost is what it was', () => {
    const net = compiled();
    const v = tf.variable(tf.scalar(3));
    expect(run(new AttachedModel('f', net, {gamma: 2}), () => tf.square(v))).toEqual({
      cost: 9,
      terms: undefined,
    });
    v.dispose();
  });

  it('that is not compiled is measured by the labels that are shown', () => {
    const net = denseNet();
    const {terms} = run(new AttachedModel('f', net, {gamma: 2}), () => tf.mean(net.apply(x) as tf.Tensor), y);
    expect(Object.keys(terms!)).toEqual(['crossEntropy', 'margin_input', 'margin_hidden1', 'margin']);
  });

  it('warns once of a layer that mixes the examples', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    class Mixing extends layers.Layer {
      static className = 'MixingOfAttachedModel';
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        const [h] = [inputs].flat();
        return tf.sub(h, tf.mean(h, 0));
      }
    }
    const inputs = input({shape: [4], name: 'x'});
    const mixed = apply(new Mixing({name: 'mixing'}), apply(dense('hidden', 5), inputs));
    const net = compiled(seeded(tfModel({inputs, outputs: apply(dense('s'), mixed)})));
    const options: LargeMarginModelOptions = {gamma: 2, gradient: 'firstOrder', layers: ['hidden']};
    const attached = new AttachedModel('f', net, options);
    for (let step = 0; step < 2; step++) run(attached, totalLoss(net, x, [y]));
    expect(warn.mock.calls.map(String)).toEqual([
      expect.stringMatching(/f: the layer mixing mixes the examples/),
    ]);
  });

  it('says for marks that somebody takes care of them', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const inputs = input({shape: [4], name: 'x'});
    const marked = apply(marginRegularizer({gamma: 1, name: 'mark'}), apply(dense('hidden', 5), inputs));
    const net = compiled(seeded(tfModel({inputs, outputs: apply(dense('s'), marked)})));
    const {terms} = run(new AttachedModel('f', net, {}), totalLoss(net, x, [y]));
    expect(Object.keys(terms!)).toEqual(['crossEntropy', 'margin_mark', 'margin']);
    await Promise.resolve();
    expect(warn).not.toHaveBeenCalled();
  });

  it('ends training where tfjs’s fit runs: in the model within a Sequential', () => {
    const net = compiled();
    new AttachedModel('f', net, {gamma: 1}).stopTraining();
    expect([net.stopTraining, trainedModel(net).stopTraining]).toEqual([true, true]);
    const functional = (compiled() as unknown as {model: LayersModel}).model;
    new AttachedModel('f', functional, {gamma: 1}).stopTraining();
    expect(functional.stopTraining).toBe(true);
  });

  it.each<[string, unknown, LargeMarginModelOptions]>([
    ['model', null, {gamma: 1}],
    ['model', new LargeMarginModel(denseNet(), {gamma: 1}), {gamma: 1}],
    ['gamma', denseNet(), {}],
    ['layers', denseNet(), {gamma: 1, layers: ['nowhere']}],
    ['step', denseNet(), {gamma: 1, step: 1}],
  ])('is refused for its %s', async (argument, model, options) => {
    await expectRefusal(() => new AttachedModel('f', model as LayersModel, options), argument, 'f');
  });
});

describe('the weights of a step’s examples', () => {
  it('are none where none are given, and otherwise checked', async () => {
    const weights = tf.tensor1d([1, 0, 2]);
    expect(readWeights('f', undefined, 3)).toBeUndefined();
    expect(readWeights('f', weights, 3)).toBe(weights);
    await expectRefusal(() => readWeights('f', weights, 4), 'sampleWeight', 'f');
    weights.dispose();
  });
});
