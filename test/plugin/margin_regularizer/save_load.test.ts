import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {serialization, type io} from '@tensorflow/tfjs-core';
import {input, layers, loadLayersModel, model, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {
  LargeMarginModel,
  marginLoss,
  MarginRegularizer,
  marginRegularizer,
  schedules,
  toPlainModel,
  type MarginRegularizerArgs,
} from '../../../plugin/index.js';
import {errorOf, expectRefusal} from '../../support/expect_no_leak.js';
import {memoryStore} from '../../support/memory_store.js';
import {randomTensor} from '../../support/randoms.js';
import {apply, dense, labelsOf, seeded, weightsOf} from '../../support/tiny_models.js';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'marks-'))));
afterAll(() => rm(folder, {recursive: true}));

const cases: Array<[string, MarginRegularizerArgs]> = [
  ['nothing', {}],
  ['numbers', {gamma: 1e-12, weight: 0, norm: 1.25, scale: 1e30}],
  ['words', {gamma: 0.1, norm: 'linf', scale: 'size'}],
  [
    'schedules, one in another',
    {
      gamma: schedules.exponentialDecay({initial: 2, decaySteps: 7, decayRate: 0.9, staircase: true}),
      weight: schedules.delay({
        ...{steps: 3, before: 0.5},
        then: schedules.warmUp({
          steps: 10,
          then: schedules.piecewiseConstant({boundaries: [4, 8], values: [1, 2, 1e-7]}),
        }),
      }),
    },
  ],
];

/** A net with these settings at a mark inside a nested model, and at one outside; tfjs takes names of these characters only. */
function netWith(settings: MarginRegularizerArgs): LayersModel {
  const x = input({shape: [4], name: 'x'});
  const inner = sequential({
    name: 'inner_Net',
    layers: [dense('h', 5, {inputShape: [4]}), marginRegularizer({...settings, name: 'insideMark_1'})],
  });
  const outer = apply(marginRegularizer({...settings, name: 'Outer_Mark.1/a-B'}), apply(inner, x));
  return seeded(model({inputs: x, outputs: apply(dense('scores'), outer)}));
}

function marksOf(net: LayersModel): MarginRegularizer[] {
  return net.layers.flatMap(layer =>
    layer instanceof MarginRegularizer ? [layer] : 'layers' in layer ? marksOf(layer as LayersModel) : [],
  );
}

const stores: Array<[string, () => string | io.IOHandler]> = [
  ['a file', () => `file://${join(folder, 'model')}`],
  ['memory', memoryStore],
];

describe.each(stores)('a net with marks that goes through %s', (_, makeStore) => {
  it.each(cases)('has the same marks: %s', async (_, settings) => {
    const [net, store] = [netWith(settings), makeStore()];
    await net.save(store);
    const path = typeof store === 'string' ? `${store}/model.json` : store;
    const loaded = await loadLayersModel(path);
    const marks = marksOf(loaded);
    expect(marks.map(({name}) => name).sort()).toEqual(['Outer_Mark.1/a-B', 'insideMark_1'].sort());
    for (const {margin} of marks) expect(margin).toEqual(settings);
    const x = randomTensor([3, 4], 2);
    const [a, b] = [net, loaded].map(one => (one.predict(x) as tf.Tensor).dataSync());
    expect(b).toEqual(a);
  });

  it('trains on as it did', async () => {
    const [net, store] = [netWith({gamma: 0.7, norm: 'l1'}), makeStore()];
    await net.save(store);
    const loaded = await loadLayersModel(typeof store === 'string' ? `${store}/model.json` : store);
    const [x, y] = [randomTensor([6, 4], 2), labelsOf([0, 1, 2, 2, 1, 0])];
    for (const one of [net, loaded]) {
      one.compile({optimizer: tf.train.sgd(0.1), loss: marginLoss(one, {})});
      await one.trainOnBatch(x, y);
    }
    expect(weightsOf(loaded)).toEqual(weightsOf(net));
  });
});

describe('the marks of a saved net', () => {
  it('keep Infinity, which JSON has not, as linf', async () => {
    const store = memoryStore();
    await netWith({norm: Infinity}).save(store);
    for (const {margin} of marksOf(await loadLayersModel(store))) expect(margin).toEqual({norm: 'linf'});
  });

  it('are saved with a LargeMarginModel that uses them', async () => {
    const store = memoryStore();
    const wrapped = new LargeMarginModel(netWith({gamma: 0.7}), {gamma: 1});
    await wrapped.save(store);
    const loaded = (await loadLayersModel(store)) as LargeMarginModel;
    expect(marksOf(loaded.baseModel).map(({margin}) => margin)).toEqual([{gamma: 0.7}, {gamma: 0.7}]);
    const [x, y] = [randomTensor([6, 4], 2), labelsOf([0, 1, 2, 2, 1, 0])];
    const [ours, theirs] = [wrapped, loaded].map(one => one.computeLoss(x, y).loss.dataSync()[0]);
    expect(theirs).toBe(ours);
  });

  it('are gone from a plain copy, which computes the same', async () => {
    const net = netWith({gamma: 2});
    const plain = toPlainModel(net);
    expect(marksOf(plain)).toEqual([]);
    const x = randomTensor([3, 4], 2);
    expect((plain.predict(x) as tf.Tensor).dataSync()).toEqual((net.predict(x) as tf.Tensor).dataSync());
    plain.dispose();
  });

  it('stay what they were when the class is made of its own config', () => {
    for (const [, settings] of cases) {
      const mark = marginRegularizer({...settings, name: 'm', inputShape: [4]});
      const copy = MarginRegularizer.fromConfig(
        MarginRegularizer as never,
        mark.getConfig(),
      ) as MarginRegularizer;
      expect(copy.margin).toEqual(settings);
      expect(copy.getConfig()).toEqual(mark.getConfig());
    }
  });
});

describe('a saved mark that cannot be read', () => {
  /** Saves a net to a file, changes the config of its mark, and loads it. */
  async function loadWith(change: object): Promise<LayersModel> {
    const path = join(folder, 'changed');
    await sequential({layers: [marginRegularizer({inputShape: [4], name: 'm', gamma: 1}), dense('s')]}).save(
      `file://${path}`,
    );
    const file = join(path, 'model.json');
    const json = JSON.parse(await readFile(file, 'utf8'));
    const entries = json.modelTopology.config.layers as Array<{class_name: string; config: object}>;
    const entry = entries.find(({class_name}) => class_name === 'LargeMarginRegularizer')!;
    Object.assign(entry.config, change);
    await writeFile(file, JSON.stringify(json));
    return loadLayersModel(`file://${file}`);
  }

  it('is read while it is ours', async () => {
    expect(marksOf(await loadWith({}))).toHaveLength(1);
    // Those before versions were written.
    expect(marksOf(await loadWith({version: undefined}))).toHaveLength(1);
  });

  it.each<[string, object, string, string[]]>([
    [
      'a newer version',
      {version: 2},
      'the version',
      ['LargeMarginRegularizer', 'at most 1, got 2', 'update tfjs-large-margin'],
    ],
    ['a version that is no number', {version: 'next'}, 'the version', ["got 'next'"]],
    ['a setting that it does not know', {max_margin: 3}, 'args', ["got 'maxMargin'"]],
    ['a gamma that is none', {gamma: -1}, 'gamma of layer m', ['got -1']],
    ['a norm that it does not know', {norm: 'l7'}, 'norm of layer m', ["got 'l7'"]],
  ])('is refused in one sentence: %s', async (_, change, argument, parts) => {
    const error = await errorOf(() => loadWith(change));
    await expectRefusal(() => Promise.reject(error as Error), argument, ...parts);
    expect((error as Error).message.split('\n')).toHaveLength(1);
  });

  it('is not written where somebody else has registered its name', async () => {
    class Other extends layers.Layer {
      static className = 'LargeMarginRegularizer';
    }
    const net = netWith({});
    const {classNameMap} = serialization.SerializationMap.getMap();
    const ours = classNameMap['LargeMarginRegularizer'];
    serialization.registerClass(Other as never);
    try {
      await expectRefusal(
        () => net.save(memoryStore()),
        'the class name LargeMarginRegularizer',
        'save',
        'one copy',
      );
    } finally {
      classNameMap['LargeMarginRegularizer'] = ours;
    }
    await net.save(memoryStore());
  });
});
