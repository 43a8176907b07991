import * as tf from '@tensorflow/tfjs-core';
import {io} from '@tensorflow/tfjs-core';
import {constraints, layers, loadLayersModel, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../../plugin/index.js';
import {fitWeights, MODEL, putWeights, WEIGHTS, writeModel} from '../../../plugin/training/model_files.js';
import type {Json} from '../../../plugin/callbacks/resumable_callback.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {expectClose} from '../../support/expect_close.js';
import {randomTensor} from '../../support/randoms.js';
import {dense, denseNet, seeded, weightsOf} from '../../support/tiny_models.js';
import {jsonIn} from '../../support/training_store.js';

/** Writes one model and puts what was written into another. */
async function carry(from: LayersModel, to: LayersModel): Promise<void> {
  const files = await writeModel(from);
  const {tensors} = fitWeights('test', to, jsonIn(files, MODEL), files[WEIGHTS]);
  putWeights(to, tensors);
  tf.dispose(tensors);
}

const plain = (seed: number, units = 4) =>
  seeded(
    sequential({
      layers: [layers.dense({units, inputShape: [4]}), layers.dense({units}), layers.dense({units: 3})],
    }),
    seed,
  );

describe('writeModel', () => {
  it('writes what tf.loadLayersModel reads', async () => {
    const model = new LargeMarginModel(denseNet(), {gamma: 2, layers: 'input'});
    const files = await expectNoLeakAsync(() => writeModel(model));
    expect(Object.keys(files)).toEqual([MODEL, WEIGHTS]);
    const json = jsonIn(files, MODEL) as unknown as io.ModelJSON;
    const loaded = await loadLayersModel(
      io.fromMemory({
        modelTopology: json.modelTopology,
        weightSpecs: json.weightsManifest[0].weights,
        weightData: files[WEIGHTS].slice().buffer,
      }),
    );
    expect(loaded).toBeInstanceOf(LargeMarginModel);
    expect((loaded as LargeMarginModel).options).toEqual(model.options);
    expect(weightsOf(loaded)).toEqual(weightsOf(model));
    const x = randomTensor<tf.Tensor2D>([2, 4], 1);
    const outputs = [model, loaded].map(net => tf.tidy(() => (net.predict(x) as tf.Tensor).dataSync()));
    expectClose(outputs[0], outputs[1], 0);
    loaded.dispose();
  });
});

describe('fitWeights and putWeights', () => {
  it('carry every bit from model to model, NaN among them, and leave nothing behind', async () => {
    const [from, to] = [denseNet({seed: 1}), denseNet({seed: 2})];
    from.layers[0].setWeights([tf.fill([4, 5], NaN), tf.tensor1d([-0, 0, 1e-45, Infinity, 1])]);
    await expectNoLeakAsync(() => carry(from, to));
    expect(weightsOf(to)).toEqual(weightsOf(from));
    expect(Object.is(weightsOf(to)[1][0], -0)).toBe(true);
  });

  it('go by order where tfjs has given the layers other names', async () => {
    const [from, to] = [plain(1), plain(2)];
    expect(from.layers[0].name).not.toBe(to.layers[0].name);
    await carry(from, to);
    expect(weightsOf(to)).toEqual(weightsOf(from));
  });

  it('go by names where freezing has changed the order', async () => {
    const [from, to] = [denseNet({units: [4], seed: 1}), denseNet({units: [4], seed: 2})];
    to.layers[0].trainable = false;
    const named = (model: LayersModel) => model.weights.map(({originalName}) => originalName);
    expect(named(to)).not.toEqual(named(from));
    await carry(from, to);
    to.layers[0].trainable = true;
    expect(weightsOf(to)).toEqual(weightsOf(from));
  });

  it('say where each weight of the model was', async () => {
    const [from, to] = [denseNet({units: [4]}), denseNet({units: [4]})];
    to.layers[0].trainable = false;
    const files = await writeModel(from);
    const {places, tensors} = fitWeights('test', to, jsonIn(files, MODEL), files[WEIGHTS]);
    expect(places).toEqual([2, 3, 0, 1]);
    tf.dispose(tensors);
  });

  it('apply no constraint', async () => {
    const tight = () =>
      sequential({
        layers: [
          dense('scores', 3, {inputShape: [4], kernelConstraint: constraints.maxNorm({maxValue: 0.01})}),
        ],
      });
    const [from, to] = [tight(), seeded(tight(), 3)];
    (from.weights[0].read() as tf.Variable).assign(tf.fill([4, 3], 5));
    await carry(from, to);
    expect(weightsOf(to)[0]).toEqual(new Array(12).fill(5));
  });

  it.each<[string, () => LayersModel, RegExp]>([
    ['fewer weights', () => denseNet({units: []}), /4 weights, got '2 weights'/],
    ['more weights', () => denseNet({units: [5, 5]}), /4 weights, got '6 weights'/],
    ['other shapes', () => denseNet({units: [6]}), /hidden1\/kernel \[4,5\], got 'hidden1\/kernel \[4,6\]'/],
    [
      'weights of another kind',
      () =>
        sequential({
          layers: [
            layers.inputLayer({inputShape: [4]}),
            layers.dense({units: 5, useBias: false, name: 'hidden1'}),
            layers.batchNormalization({name: 'norm', scale: false, center: true}),
          ],
        }),
      /hidden1\/bias \[5\], got 'norm\/beta \[5\]'|4 weights/,
    ],
  ])('refuse a model with %s', async (_, make, message) => {
    const files = await writeModel(denseNet());
    const to = make();
    const before = weightsOf(to);
    const fit = () => fitWeights('test', to, jsonIn(files, MODEL), files[WEIGHTS]);
    await expectRefusal(fit, 'model', message, 'resume with the model that was trained');
    expect(weightsOf(to)).toEqual(before);
  });

  it.each<[string, Json]>([
    ['null', null],
    ['an object of other things', {a: 1}],
    ['a manifest of nothing', {weightsManifest: []}],
  ])('refuse %s for a model.json', async (_, json) => {
    await expectRefusal(() => fitWeights('test', denseNet0, json, new Uint8Array()), WEIGHTS, 'a list');
  });
});

const denseNet0 = denseNet();
