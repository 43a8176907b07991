import * as tf from '@tensorflow/tfjs-core';
import {
  constraints,
  input,
  layers,
  loadLayersModel,
  model as tfModel,
  sequential,
  type LayersModel,
} from '@tensorflow/tfjs-layers';
import {afterEach, describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import {marginRegularizer} from '../../plugin/margin_regularizer.js';
import {toPlainModel} from '../../plugin/plain_model.js';
import '../../plugin/register.js';
import {exactCases} from '../contract/exact_layers/nets.js';
import {expectRefusal} from '../support/expect_no_leak.js';
import {memoryStore} from '../support/memory_store.js';
import {randomTensor} from '../support/randoms.js';
import {apply, convNet, dense, denseNet, labelsOf, seeded, weightsOf} from '../support/tiny_models.js';

const marker = (args: object = {}) => marginRegularizer({gamma: 1, norm: 'linf', ...args});

/** A class of a user's, with a config that a change of case would break. */
class Twice extends layers.Layer {
  static className = 'UserTwice';
  constructor(readonly args: {table: Record<string, number>} & Record<string, unknown>) {
    super(args as object);
  }
  override call(inputs: tf.Tensor[]): tf.Tensor {
    return tf.mul(Array.isArray(inputs) ? inputs[0] : inputs, this.args.table.A_b);
  }
  override getConfig(): tf.serialization.ConfigDict {
    return {...super.getConfig(), table: this.args.table};
  }
}
tf.serialization.registerClass(Twice as never);

const x = randomTensor<tf.Tensor2D>([5, 4], 1);

function classesIn(model: LayersModel): string[] {
  const inner = (layer: layers.Layer) => (layer as unknown as {layer?: layers.Layer}).layer;
  return model.layers.flatMap(layer => [
    layer.getClassName(),
    ...('layers' in layer ? classesIn(layer as LayersModel) : []),
    ...(inner(layer) ? [inner(layer)!.getClassName()] : []),
  ]);
}

/** Names and flags of all layers and weights, however deep: what a copy has too. */
function outline(layer: layers.Layer): unknown {
  const parts = 'layers' in layer ? (layer as LayersModel).layers.map(outline) : [];
  const weights = layer.weights.map(({originalName, trainable}) => [originalName, trainable]);
  return [layer.name, layer.trainable, weights, ...parts];
}

const made: LayersModel[] = [];

/** Expects equal names, flags, weights and predictions, and nothing of ours. */
function expectPlainCopy(model: LayersModel, at: tf.Tensor): LayersModel {
  const before = tf.memory().numTensors;
  const plain = toPlainModel(model);
  made.push(plain);
  // Its weights are all that a copy adds.
  expect(tf.memory().numTensors - before).toBe(plain.weights.length);
  expect(classesIn(plain).filter(name => name.startsWith('LargeMargin'))).toEqual([]);
  expect(plain.getClassName()).not.toMatch(/^LargeMargin/);
  expect(weightsOf(plain)).toEqual(weightsOf(model));
  const predictions = (of: LayersModel) =>
    tf.tidy(() => [of.predict(at)].flat().map(t => Array.from(t.dataSync())));
  expect(predictions(plain)).toEqual(predictions(model));
  return plain;
}

/** A functional net with a marker in a nested model, one after a shared layer and one around which it branches. */
function markedNet(): LayersModel {
  const at = input({shape: [4], name: 'at'});
  const inner = sequential({
    name: 'inner',
    layers: [
      dense('i_1', 4, {inputShape: [4], activation: 'tanh'}),
      marker({name: 'Inner_Marker'}),
      dense('i_2', 4),
    ],
  });
  const shared = dense('Shared', 4, {activation: 'relu'});
  const once = apply(shared, apply(inner, at));
  const twice = apply(shared, apply(marker({name: 'marker_2', trainable: false}), once));
  const both = apply(layers.add({name: 'sum'}), [once, twice, apply(inner, twice)]);
  return seeded(
    tfModel({name: 'My_Net', inputs: at, outputs: apply(dense('scores', 3, {activation: 'softmax'}), both)}),
  );
}

afterEach(() => made.splice(0).forEach(model => model.dispose()));

describe('toPlainModel', () => {
  it('puts linear activations of the same name where margin layers are', () => {
    const net = seeded(
      sequential({
        layers: [
          dense('hidden', 5, {inputShape: [4]}),
          marker({name: 'My_Marker', trainable: false}),
          dense('scores', 3),
        ],
      }),
    );
    const plain = expectPlainCopy(net, x);
    expect(classesIn(plain)).toEqual(['Dense', 'Activation', 'Dense']);
    expect(plain.layers[1].getConfig()).toMatchObject({
      name: 'My_Marker',
      activation: 'linear',
      trainable: false,
    });
    expect(outline(plain)).toEqual(outline(net));
  });

  it('finds them first in a Sequential, in nested models, between uses of a shared layer and in a wrapper', () => {
    const first = seeded(
      sequential({
        layers: [marker({name: 'm', inputShape: [4]}), dense('hidden', 5), dense('scores', 3), marker()],
      }),
    );
    expect(outline(expectPlainCopy(first, x))).toEqual(outline(first));
    const marked = markedNet();
    const plain = expectPlainCopy(marked, x);
    expect(outline(plain)).toEqual(outline(marked));
    expect(classesIn(plain).filter(name => name === 'Activation')).toHaveLength(2);
    const timed = seeded(
      sequential({
        layers: [
          layers.timeDistributed({layer: marker(), inputShape: [3, 4]}),
          layers.gru({units: 2, name: 'gru'}),
        ],
      }),
    );
    expect(classesIn(expectPlainCopy(timed, randomTensor([2, 3, 4], 5)))).toEqual([
      ...['TimeDistributed', 'Activation', 'GRU'],
    ]);
  });

  it('gives what saves and loads without the classes of this package', async () => {
    const store = memoryStore();
    await toPlainModel(new LargeMarginModel(markedNet(), {gamma: 1})).save(store);
    const {classNameMap} = tf.serialization.SerializationMap.getMap();
    const ours = Object.keys(classNameMap).filter(name => name.startsWith('LargeMargin'));
    const kept = ours.map(name => [name, classNameMap[name]] as const);
    expect(ours.sort()).toContain('LargeMarginModel');
    ours.forEach(name => delete classNameMap[name]);
    try {
      const loaded = await loadLayersModel(store);
      made.push(loaded);
      expect(loaded.name).toBe('My_Net');
      const [theirs, mine] = tf.tidy(() => [
        (loaded.predict(x) as tf.Tensor).dataSync(),
        (markedNet().predict(x) as tf.Tensor).dataSync(),
      ]);
      expect(theirs).toEqual(mine);
    } finally {
      for (const [name, entry] of kept) classNameMap[name] = entry;
    }
  });

  it('exports what a LargeMarginModel wraps, twice and inside another model too', () => {
    const base = denseNet();
    for (const model of [
      new LargeMarginModel(base, {gamma: 1}),
      new LargeMarginModel(new LargeMarginModel(base, {gamma: 1}), {gamma: 2}),
    ]) {
      const plain = expectPlainCopy(model, x);
      expect(plain.getClassName()).toBe('Sequential');
      expect(outline(plain)).toEqual(outline(base));
    }
    const at = input({shape: [4]});
    const outer = tfModel({inputs: at, outputs: apply(new LargeMarginModel(base, {gamma: 1}), at)});
    expect(classesIn(expectPlainCopy(outer, x))).toEqual(['InputLayer', 'Sequential', 'Dense', 'Dense']);
  });

  it('copies a model without margin layers as it is', () => {
    const net = convNet();
    const plain = expectPlainCopy(net, randomTensor([2, 6, 6, 2], 3));
    expect(plain).not.toBe(net);
    expect(plain.getConfig()).toEqual(net.getConfig());
    expect(outline(plain)).toEqual(outline(net));
  });

  it.each(exactCases.map(exactCase => [exactCase.name, exactCase] as const))(
    'copies nets as they are: %s',
    (_, {net, x}) => {
      const at = x();
      expectPlainCopy(net(1), at);
      at.dispose();
    },
  );

  it('keeps which layers, nested models and single weights are frozen, and the order of the weights', () => {
    const net = markedNet();
    net.getLayer('Shared').trainable = false;
    expect(outline(expectPlainCopy(net, x))).toEqual(outline(net));
    // A nested model's own flag is not in its config.
    net.getLayer('inner').trainable = false;
    expect(outline(expectPlainCopy(net, x))).toEqual(outline(net));
    net.getLayer('inner').trainable = true;
    (net.getLayer('scores').weights[0] as {trainable: boolean}).trainable = false;
    const plain = expectPlainCopy(net, x);
    expect(outline(plain)).toEqual(outline(net));
    expect(plain.trainableWeights.map(weight => weight.originalName)).not.toContain('scores/kernel');
  });

  it('freezes what a frozen LargeMarginModel wraps, or what is frozen in it', () => {
    for (const pick of [(model: LargeMarginModel) => model, (model: LargeMarginModel) => model.baseModel]) {
      const model = new LargeMarginModel(denseNet(), {gamma: 1});
      pick(model).trainable = false;
      const plain = expectPlainCopy(model, x);
      expect(plain.trainable).toBe(false);
      expect(plain.trainableWeights).toEqual([]);
    }
  });

  it('does not apply constraints once more', () => {
    const net = sequential({
      layers: [
        dense('d', 3, {
          inputShape: [4],
          kernelConstraint: constraints.minMaxNorm({minValue: 1, maxValue: 1, rate: 0.5}),
        }),
      ],
    });
    // Writing moves each column's norm half the way to 1: weights that were written once would move again.
    expectPlainCopy(seeded(net), x);
  });

  it('leaves the model as it is, and training one of them does not move the other', async () => {
    const net = markedNet();
    const [before, config] = [weightsOf(net), JSON.stringify(net.getConfig())];
    const plain = toPlainModel(net);
    made.push(plain);
    expect(JSON.stringify(net.getConfig())).toBe(config);
    plain.compile({optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy'});
    const y = labelsOf([0, 1, 2, 0, 1]);
    await plain.trainOnBatch(x, y);
    y.dispose();
    expect(weightsOf(net)).toEqual(before);
    expect(weightsOf(plain)).not.toEqual(before);
  });

  it("keeps a user's classes and user-defined metadata as they are", () => {
    const net = seeded(
      sequential({
        layers: [dense('hidden', 5, {inputShape: [4]}), new Twice({table: {A_b: 2, aB: 3}}) as never],
      }),
    );
    const metadata = {classes: ['Cat_A', 'dogB'], nested: {A_b: 1}};
    net.setUserDefinedMetadata(metadata);
    const plain = expectPlainCopy(net, x);
    expect((plain.layers[1] as unknown as Twice).args.table).toEqual({A_b: 2, aB: 3});
    expect(plain.getUserDefinedMetadata()).toEqual(metadata);
    expect(plain.getUserDefinedMetadata()).not.toBe(metadata);
    const model = new LargeMarginModel(net, {gamma: 1, gradient: 'firstOrder', layers: 'input'});
    expect(expectPlainCopy(model, x).getUserDefinedMetadata()).toEqual(metadata);
    model.setUserDefinedMetadata({run: 7});
    expect(expectPlainCopy(model, x).getUserDefinedMetadata()).toEqual({run: 7});
  });

  it('refuses what is no model', async () => {
    for (const wrong of [undefined, null, {}, dense('d', 2, {inputShape: [3]}), sequential()]) {
      await expectRefusal(() => toPlainModel(wrong as never), 'model', 'to be a tf.LayersModel');
    }
  });

  it('refuses layers that cannot be made again, and leaves nothing behind', async () => {
    class Unknown extends layers.Layer {
      static className = 'NeverRegistered';
    }
    const unknown = seeded(
      sequential({layers: [dense('d', 2, {inputShape: [4]}), new Unknown({}) as never]}),
    );
    const wrapped = sequential({layers: [unknown]});
    for (const net of [unknown, wrapped]) {
      await expectRefusal(() => toPlainModel(net), 'model', 'NeverRegistered', 'registerClass');
    }
    class Forgetful extends layers.Layer {
      static className = 'ForgetsItsUnits';
      constructor(readonly args: {units?: number} & Record<string, unknown>) {
        super(args as object);
      }
      override build(): void {
        this.addWeight('w', [this.args.units ?? 1], 'float32', {
          apply: (shape: number[]) => tf.ones(shape),
        } as never);
      }
      override call(inputs: tf.Tensor[]): tf.Tensor {
        return tf.clone(Array.isArray(inputs) ? inputs[0] : inputs);
      }
    }
    tf.serialization.registerClass(Forgetful as never);
    const forgetful = sequential({
      layers: [dense('d', 2, {inputShape: [4]}), new Forgetful({units: 3, name: 'f'}) as never],
    });
    await expectRefusal(() => toPlainModel(forgetful), 'model', 'f of [f/w [3]]', 'f/w [1]');
  });
});
