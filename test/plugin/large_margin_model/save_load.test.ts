import * as tf from '@tensorflow/tfjs-core';
import {
  input,
  loadLayersModel,
  model as tfModel,
  sequential,
  type LayersModel,
} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel, type LargeMarginModelOptions} from '../../../plugin/index.js';
import {expectClose} from '../../support/expect_close.js';
import {expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {memoryStore} from '../../support/memory_store.js';
import {apply, convNet, dense, denseNet, labelsOf, seeded, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([5, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1]);

async function saveAndLoad(model: LayersModel, includeOptimizer = false): Promise<LargeMarginModel> {
  const store = memoryStore();
  await model.save(store, {includeOptimizer});
  return (await loadLayersModel(store)) as LargeMarginModel;
}

describe('save and tf.loadLayersModel', () => {
  it('give back the class, the options, the weights and the predictions', async () => {
    const options: LargeMarginModelOptions = {
      ...{
        gamma: 0.25,
        norm: 1.5,
        topK: 2,
        rivals: 'random',
        aggregate: 'sum',
        clip: null,
        epsilon: 1e-9,
        seed: 7,
      },
      layers: ['input', {name: 'hidden1', gamma: 2, norm: 'linf', scale: 'size'}],
    };
    const model = new LargeMarginModel(denseNet(), options);
    const loaded = await saveAndLoad(model);
    expect(loaded).toBeInstanceOf(LargeMarginModel);
    expect(loaded.options).toEqual(options);
    expect(weightsOf(loaded)).toEqual(weightsOf(model));
    expectClose((loaded.predict(x) as tf.Tensor).dataSync(), (model.predict(x) as tf.Tensor).dataSync(), 0);
    for (const name of ['input', 'hidden1']) {
      expectClose(loaded.distances(x, y)[name].dataSync(), model.distances(x, y)[name].dataSync(), 0);
    }
    expect(loaded.name).toBe(model.name);
    expect(loaded.baseModel.getClassName()).toBe('Sequential');
  });

  it.each(['My_Net', 'conv2D/Branch_1', 'dense__1', 'A.b-c_D', 'mixedCase_and_snake/X'])(
    'keep names like %s, of the model, its layers and its margin layers',
    async name => {
      const at = input({shape: [4], name: `${name}_In`});
      const hidden = apply(dense(`${name}_Hidden`, 5, {activation: 'relu'}), at);
      const outputs = [apply(dense(`${name}_Out`), hidden), apply(dense(`${name}_aside`, 1), hidden)];
      const base = seeded(tfModel({name, inputs: at, outputs}));
      const options = {
        gamma: 1,
        output: `${name}_Out`,
        layers: [`${name}_Hidden`, {name: `${name}_In`, gamma: 2}],
      };
      const loaded = await saveAndLoad(new LargeMarginModel(base, options));
      expect(loaded.options).toEqual(options);
      expect(loaded.name).toBe(name);
      expect(Object.keys(loaded.distances(x))).toEqual([`${name}_Hidden`, `${name}_In`]);
    },
  );

  it.each(['größe_ß', '层_一', 'Ünder_Score/X'])('keep a model name like %s', async name => {
    // Names of layers may not have such letters: tfjs refuses them itself.
    const at = input({shape: [4]});
    const base = seeded(tfModel({name, inputs: at, outputs: apply(dense('classes'), at)}));
    expect((await saveAndLoad(new LargeMarginModel(base, {gamma: 1}))).name).toBe(name);
  });

  it('keep numbers as small as 1e-12 and options that JSON has no word for', async () => {
    const options: LargeMarginModelOptions = {
      gamma: 1e-12,
      epsilon: 1e-12,
      clip: null,
      norm: Infinity,
      marginWeight: 0,
    };
    const loaded = await saveAndLoad(new LargeMarginModel(denseNet(), options));
    expect(loaded.options).toEqual({...options, norm: 'linf'});
  });

  it('work for functional, nested, shared and convolutional bases', async () => {
    const at = input({shape: [4], name: 'at'});
    const inner = sequential({name: 'inner', layers: [dense('i', 4, {inputShape: [4], activation: 'tanh'})]});
    const shared = dense('shared', 4, {activation: 'relu'});
    const twice = apply(shared, apply(shared, apply(inner, at)));
    const nested = seeded(
      tfModel({inputs: at, outputs: apply(dense('scores', 3, {activation: 'softmax'}), twice)}),
    );
    const loaded = await saveAndLoad(new LargeMarginModel(nested, {gamma: 1}));
    expectClose((loaded.predict(x) as tf.Tensor).dataSync(), (nested.predict(x) as tf.Tensor).dataSync(), 0);
    expect(Object.keys(loaded.distances(x)).sort()).toEqual(['i', 'input', 'shared:0', 'shared:1']);
    const pictures = await saveAndLoad(new LargeMarginModel(convNet(), {gamma: 1}));
    expect(Object.keys(pictures.distances(randomTensor([1, 6, 6, 2], 1)))).toEqual([
      'input',
      'conv1',
      'conv2',
    ]);
  });

  it('are of no need to the base: it saves and loads as a plain model', async () => {
    const model = new LargeMarginModel(denseNet(), {gamma: 1});
    const plain = await saveAndLoad(model.baseModel);
    expect(plain).not.toBeInstanceOf(LargeMarginModel);
    expectClose((plain.predict(x) as tf.Tensor).dataSync(), (model.predict(x) as tf.Tensor).dataSync(), 0);
  });

  it('may be done again with what was loaded', async () => {
    const model = new LargeMarginModel(denseNet(), {gamma: 1, layers: ['hidden1']});
    const twice = await saveAndLoad(await saveAndLoad(model));
    expect(twice.options).toEqual(model.options);
    expect(weightsOf(twice)).toEqual(weightsOf(model));
  });

  it('take a model that was compiled with a function for its loss, unless the optimizer is wanted', async () => {
    const model = new LargeMarginModel(denseNet(), {gamma: 1});
    model.compile({optimizer: 'sgd', loss: (labels, outputs) => tf.losses.meanSquaredError(labels, outputs)});
    expect((await saveAndLoad(model)).options).toEqual({gamma: 1});
    await expectRefusal(() => saveAndLoad(model, true), 'loss', 'includeOptimizer', 'compile after loading');
  });

  it('refuse a function among several losses in the same words', async () => {
    const at = input({shape: [4]});
    const base = seeded(
      tfModel({inputs: at, outputs: [apply(dense('classes'), at), apply(dense('value', 1), at)]}),
    );
    const value = (labels: tf.Tensor, outputs: tf.Tensor) => tf.losses.meanSquaredError(labels, outputs);
    for (const loss of [{classes: 'categoricalCrossentropy', value}, ['categoricalCrossentropy', value]]) {
      const model = new LargeMarginModel(base, {gamma: 1, output: 'classes'});
      model.compile({optimizer: 'sgd', loss: loss as never});
      await expectRefusal(
        () => saveAndLoad(model, true),
        'loss',
        'includeOptimizer',
        'compile after loading',
      );
    }
  });
});
