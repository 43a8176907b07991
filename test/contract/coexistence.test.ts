import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type * as Plugin from '../../plugin/index.js';
import {engineSnapshot, layersSnapshot} from '../support/engine_state.js';
import {errorOf} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {convNet, labelsOf, seeded, weightsOf} from '../support/tiny_models.js';

// What is shared by all models of a process: tape, registries, optimizers. The plugin is imported late, so that what
// a plain model does without it is known first.

type Options = Plugin.LargeMarginModelOptions;
type Model = Plugin.LargeMarginModel;

let plugin: typeof Plugin;
const x = randomTensor([6, 6, 6, 2], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0]);
const broken = tf.fill([6, 6, 6, 2], NaN);

interface Fragile {
  fails: 'never' | 'forward' | 'backward';
  /** Called while the model runs. */
  watch: () => void;
}

const conv = {filters: 3, kernelSize: 3, padding: 'same', activation: 'relu'} as const;

/** conv and relu -> batch norm -> elu -> max pool -> flatten -> dense softmax; the flatten layer fails when it is told to. */
function net(): {base: LayersModel; fragile: Fragile} {
  const flat = layers.flatten({name: 'flat'});
  const fragile: Fragile = {fails: 'never', watch: () => {}};
  const original = flat.call.bind(flat);
  flat.call = (inputs, kwargs) => {
    fragile.watch();
    if (fragile.fails === 'forward') throw new Error('planted');
    const output = original(inputs, kwargs) as tf.Tensor;
    return fragile.fails === 'backward' ? noWayBack(output) : output;
  };
  const base = sequential({
    layers: [
      layers.conv2d({...conv, inputShape: [6, 6, 2], name: 'conv'}),
      layers.batchNormalization({name: 'bn'}),
      layers.elu({name: 'elu'}),
      layers.maxPooling2d({poolSize: 2, name: 'pool'}),
      flat,
      layers.dense({units: 3, activation: 'softmax', name: 'scores'}),
    ],
  });
  return {base: seeded(base), fragile};
}

const noWayBack = tf.customGrad(t => ({
  value: tf.clone(t as tf.Tensor),
  gradFunc: () => {
    throw new Error('planted');
  },
})) as (t: tf.Tensor) => tf.Tensor;

function marginModel(options: Partial<Options>): {model: Model; fragile: Fragile} {
  const {base, fragile} = net();
  const model = new plugin.LargeMarginModel(base, {gamma: 1, layers: ['input', 'elu'], ...options});
  model.compile({optimizer: 'adam', metrics: ['accuracy']});
  return {model, fragile};
}

/** What a plain model's weights are after each of some steps, with `between` before each step. */
async function trainPlain(between: () => unknown = () => {}): Promise<number[][][]> {
  const model = seeded(convNet(), 5);
  model.compile({optimizer: 'adam', loss: 'categoricalCrossentropy'});
  const weights: number[][][] = [];
  for (let step = 0; step < 5; step++) {
    await between();
    await model.trainOnBatch(x, y);
    weights.push(weightsOf(model));
  }
  return weights;
}

type Mode = [string, Partial<Options>];
const modes: Mode[] = [
  ['exact', {}],
  ['exact, linf, all rivals', {norm: 'linf', topK: 2, aggregate: 'sum'}],
  ['first-order', {gradient: 'firstOrder'}],
  [
    'first-order, probabilities, random rivals',
    {gradient: 'firstOrder', scores: 'probabilities', rivals: 'random'},
  ],
];

const calls: Array<[string, (model: Model, x: tf.Tensor) => unknown]> = [
  ['trainOnBatch', (m, x) => m.trainOnBatch(x, y)],
  ['fit', (m, x) => m.fit(x, y, {epochs: 2, batchSize: 3, verbose: 0, validationData: [x, y]})],
  ['evaluate', (m, x) => tf.dispose(m.evaluate(x, y))],
  ['distances', (m, x) => tf.dispose(m.distances(x, y))],
  ['computeLoss', (m, x) => tf.dispose(m.computeLoss(x, y) as never)],
  ['computeLoss in a tidy', (m, x) => tf.tidy(() => void m.computeLoss(x, y))],
  ['minimize', (m, x) => tf.tidy(() => void tf.train.sgd(0.1).minimize(() => m.computeLoss(x, y).loss))],
];

const failures = calls.flatMap(([name, call]) => [
  {name, call, fails: 'forward' as const},
  {name, call, fails: 'backward' as const},
]);

let alone: number[][][];
let kernelsAlone: string[];

/** The kernels of a plain model's training step, in their order. */
async function kernelsOfPlainStep(): Promise<string[]> {
  const model = seeded(convNet(), 5);
  model.compile({optimizer: 'adam', loss: 'categoricalCrossentropy'});
  const {kernels} = await tf.profile(async () => {
    await model.trainOnBatch(x, y);
    return {};
  });
  return kernels.map(({name}) => name);
}

beforeAll(async () => {
  alone = await trainPlain();
  kernelsAlone = await kernelsOfPlainStep();
  plugin = await import('../../plugin/index.js');
});

/** Everything that could be left changed. */
const snapshot = (model: Model) => ({...engineSnapshot(), layers: layersSnapshot(model.baseModel)});
type Snapshot = ReturnType<typeof snapshot>;

/** Where the user opened the tape and the call failed, tfjs lets it lie until the next one starts: nothing of ours. */
function expectAsFound(call: string, model: Model, before: Snapshot): void {
  const after = snapshot(model);
  expect(call === 'minimize' ? {...after, tape: before.tape} : after).toEqual(before);
}

describe('a snapshot', () => {
  it('would notice a gradient, a kernel, a method of an optimizer and a call of a layer left behind', () => {
    const {model} = marginModel({});
    const before = snapshot(model);
    const elu = tf.getGradient(tf.EluGrad);
    tf.unregisterGradient(tf.EluGrad);
    expect(snapshot(model)).not.toEqual(before);
    tf.registerGradient(elu);
    expect(snapshot(model)).toEqual(before);

    const kernel = tf.getKernel(tf.Relu, tf.getBackend());
    tf.unregisterKernel(kernel.kernelName, kernel.backendName);
    tf.registerKernel({...kernel});
    expect(snapshot(model)).not.toEqual(before);
    tf.unregisterKernel(kernel.kernelName, kernel.backendName);
    tf.registerKernel(kernel);
    expect(snapshot(model)).toEqual(before);

    const {prototype} = tf.AdamOptimizer;
    const original = prototype.applyGradients;
    prototype.applyGradients = function (gradients) {
      original.call(this, gradients);
    };
    expect(snapshot(model)).not.toEqual(before);
    prototype.applyGradients = original;
    expect(snapshot(model)).toEqual(before);

    const layer = model.getLayer('conv');
    layer.call = layer.call.bind(layer);
    expect(snapshot(model)).not.toEqual(before);
    delete (layer as Partial<typeof layer>).call;
    expect(snapshot(model)).toEqual(before);
  });
});

function describeAsFound(modes: Mode[]): void {
  describe.each(modes)('%s', (_, options) => {
    it.each(calls)('%s leaves tape, registries, optimizers and layers as found', async (_, call) => {
      const {model} = marginModel(options);
      await model.trainOnBatch(x, y);
      const before = snapshot(model);
      await call(model, x);
      expect(snapshot(model)).toEqual(before);
    });

    it.each(calls)('%s leaves them as found when the data are refused', async (name, call) => {
      const {model} = marginModel(options);
      const before = snapshot(model);
      expect(String(await errorOf(() => call(model, broken)))).toContain('finite');
      expectAsFound(name, model, before);
    });

    it.each(failures)(
      '$name leaves them as found when a layer throws, $fails',
      async ({name, call, fails}) => {
        const {model, fragile} = marginModel(options);
        await model.trainOnBatch(x, y);
        const before = snapshot(model);
        fragile.fails = fails;
        expect(await errorOf(() => call(model, x))).toBeInstanceOf(Error);
        fragile.fails = 'never';
        expectAsFound(name, model, before);
        // And it goes on as if nothing had been.
        expect(await model.trainOnBatch(x, y)).toHaveLength(6);
      },
    );
  });
}

describe('a large-margin model', () => describeAsFound(modes));

describe('a plain model in the same process', () => {
  it('gets the same weights, bit for bit, as before the plugin was imported', async () => {
    expect(new Set(alone.map(weights => weights.join())).size).toBe(5);
    expect(await trainPlain()).toEqual(alone);
    expect(await kernelsOfPlainStep()).toEqual(kernelsAlone);
  });

  it.each(modes)('gets them with steps of a large-margin model between its own, %s', async (_, options) => {
    const {model} = marginModel(options);
    const between = async () => {
      await model.trainOnBatch(x, y);
      tf.dispose([model.evaluate(x, y), model.distances(x, y)]);
    };
    expect(await trainPlain(between)).toEqual(alone);
  });

  it('gets them with steps between that fail', async () => {
    const {model, fragile} = marginModel({});
    fragile.fails = 'backward';
    const between = async () => expect(await errorOf(() => model.trainOnBatch(x, y))).toBeInstanceOf(Error);
    expect(await trainPlain(between)).toEqual(alone);
  });
});

describe('with faster kernels for large-margin models', () => {
  let before: ReturnType<typeof engineSnapshot>;

  beforeAll(async () => {
    const {enableNativeKernels} = await import('../../plugin/kernels/node/index.js');
    const names = enableNativeKernels()
      .filter(({state}) => state === 'on')
      .map(({name}) => name);
    for (const name of ['ReluGrad', 'MaxPool', 'Adam']) expect(names.join()).toContain(name);
    before = engineSnapshot();
  });

  afterAll(async () => {
    const {disableNativeKernels} = await import('../../plugin/kernels/node/index.js');
    disableNativeKernels();
  });

  it('are in place while such a model trains, and only then', async () => {
    const {model, fragile} = marginModel({gradient: 'firstOrder'});
    let during: unknown;
    fragile.watch = () => void (during = engineSnapshot());
    await model.trainOnBatch(x, y);
    expect(during).not.toEqual(before);
    expect(engineSnapshot()).toEqual(before);
    expect(await kernelsOfPlainStep()).toEqual(kernelsAlone);
  });

  describeAsFound(modes.filter(([name]) => name === 'exact' || name === 'first-order'));

  it.each(modes)('leave a plain model its weights, bit for bit, %s', async (_, options) => {
    const {model} = marginModel(options);
    expect(await trainPlain(() => model.trainOnBatch(x, y))).toEqual(alone);
  });
});
