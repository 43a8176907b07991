import {io, serialization} from '@tensorflow/tfjs-core';
import {layers, loadLayersModel, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import {marginRegularizer, type MarginRegularizer} from '../../plugin/margin_regularizer.js';
import type {LargeMarginModelOptions} from '../../plugin/margin_plan.js';
import {optionsFromConfig, optionsToConfig} from '../../plugin/options.js';
import '../../plugin/register.js';
import {resolveLayer, resolveOptions} from '../../src/index.js';
import {memoryStore} from '../support/memory_store.js';
import {dense, seeded} from '../support/tiny_models.js';
import {optionsWith, plain, REWRITTEN, settings} from './options/random_options.js';

const RUNS = {numRuns: 1000, seed: 1};
const FEWER = {numRuns: 100, seed: 2};

/** A layer that does nothing but carry a config through tfjs's own saving and loading. */
class Carrier extends layers.Layer {
  static className = 'MarginOptionsCarrierOfProperties';
  readonly config: serialization.ConfigDict;

  constructor(args: {carried: serialization.ConfigDict} & Record<string, unknown>) {
    super(args as object);
    this.config = args.carried;
  }

  override call(inputs: never): never {
    return inputs;
  }

  override getConfig(): serialization.ConfigDict {
    return {...super.getConfig(), carried: this.config};
  }
}
serialization.registerClass(Carrier);

/** What becomes of a config that is saved as JSON text and loaded again by tfjs. */
async function throughTfjs(config: object): Promise<serialization.ConfigDict> {
  const carrier = new Carrier({carried: config as serialization.ConfigDict, inputShape: [1]});
  let stored = '';
  await sequential({layers: [carrier as never]}).save({
    save: async ({modelTopology}) => {
      stored = JSON.stringify(modelTopology);
      return {modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON'}};
    },
  });
  const loaded = await loadLayersModel(io.fromMemory({modelTopology: JSON.parse(stored) as object}));
  return (loaded.layers[loaded.layers.length - 1] as unknown as Carrier).config;
}

async function saveAndLoad<T extends LayersModel>(model: T): Promise<T> {
  const store = memoryStore();
  await model.save(store);
  return (await loadLayersModel(store)) as T;
}

const anyName = fc.oneof(
  fc.string({unit: 'binary'}),
  fc.string({unit: 'grapheme'}),
  fc.constantFrom(...REWRITTEN),
);
const anyOptions = optionsWith(anyName, fc.integer({min: 1, max: 1e6}), anyName);

/** A net with names that saving rewrites. */
const NAMES = ['conv_layer1', 'Block1_ConvA', 'a/B_c', 'UPPER'];
const CLASSES = 4;

function namedNet(): LayersModel {
  const hidden = NAMES.map((name, i) =>
    dense(name, 3, {activation: 'tanh', ...(i === 0 && {inputShape: [2]})}),
  );
  return seeded(sequential({layers: [...hidden, dense('Out_1', CLASSES, {activation: 'softmax'})]}));
}

const fittingOptions = optionsWith(
  fc.constantFrom(...NAMES, 'input', 'output'),
  fc.integer({min: 1, max: CLASSES - 1}),
  fc.constant('Out_1'),
);

describe('any valid options', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('are valid, and say everything that options can say', () => {
    const said = new Set<string>();
    const check = (options: LargeMarginModelOptions) => {
      const {output: _, layers: list, ...rest} = options;
      const resolved = resolveOptions('options', rest);
      for (const layer of Array.isArray(list) ? list : []) {
        resolveLayer('options', typeof layer === 'string' ? {name: layer} : layer, resolved);
      }
      for (const [key, value] of Object.entries(options)) {
        said.add(
          typeof value === 'object' && value !== null && 'name' in value ? `${key} ${value.name}` : key,
        );
        if (Array.isArray(value))
          value.forEach(part => Object.keys(part).forEach(name => said.add(`layer ${name}`)));
      }
    };
    fc.assert(fc.property(anyOptions, check), RUNS);
    const kinds = ['exponentialDecay', 'cosineDecay', 'piecewiseConstant', 'warmUp', 'delay'];
    for (const kind of kinds) {
      for (const key of ['gamma', 'marginWeight', 'crossEntropyWeight'])
        expect(said).toContain(`${key} ${kind}`);
    }
    for (const key of ['name', ...Object.keys(settings)]) expect(said).toContain(`layer ${key}`);
  });

  it('come back from their config', () => {
    const back = (options: LargeMarginModelOptions) => {
      expect(plain(optionsFromConfig(optionsToConfig(options)))).toEqual(plain(options));
    };
    fc.assert(fc.property(anyOptions, back), RUNS);
  });

  it("come back from tfjs's saving as text, and loading", async () => {
    const back = async (options: LargeMarginModelOptions) => {
      const config = await throughTfjs(optionsToConfig(options));
      expect(plain(optionsFromConfig(config))).toEqual(plain(options));
    };
    await fc.assert(fc.asyncProperty(anyOptions, back), RUNS);
  });

  it('come back with a LargeMarginModel, and are the same in its next file', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const back = async (options: LargeMarginModelOptions) => {
      const model = new LargeMarginModel(namedNet(), options);
      const loaded = await saveAndLoad(model);
      expect(JSON.stringify(loaded.options)).toBe(JSON.stringify(model.options));
      expect(JSON.stringify(loaded.getConfig())).toBe(JSON.stringify(model.getConfig()));
      expect(plain(loaded.options)).toEqual(plain(options));
      for (const each of [model, loaded]) each.dispose();
    };
    await fc.assert(fc.asyncProperty(fittingOptions, back), FEWER);
  });

  it('of a single mark come back with its layer', async () => {
    const back = async (margin: object) => {
      const mark = marginRegularizer({name: 'Mark_1', inputShape: [2], ...margin});
      const loaded = await saveAndLoad(sequential({layers: [mark]}));
      const read = (loaded.getLayer('Mark_1') as MarginRegularizer).margin;
      expect(plain({layers: [{name: 'Mark_1', ...read}]})).toEqual(
        plain({layers: [{name: 'Mark_1', ...margin}]}),
      );
    };
    await fc.assert(fc.asyncProperty(fc.record(settings, {requiredKeys: []}), back), FEWER);
  });
});

describe('the control: options put into a config as they are', () => {
  const raw = (options: object) => throughTfjs(JSON.parse(JSON.stringify(options)) as object);

  it.each(REWRITTEN)('lose the name %j, as a layer and as the output', async name => {
    const options = {gamma: 1, layers: [name], output: name};
    const read = await raw(options);
    expect(read.layers).not.toEqual([name]);
    expect(read.output).not.toBe(name);
    expect(optionsFromConfig(await throughTfjs(optionsToConfig(options)))).toEqual(options);
  });

  it('lose an infinite norm, of all and of a layer', async () => {
    const options = {gamma: 1, norm: Infinity, layers: [{name: 'a', norm: Infinity}]};
    expect(await raw(options)).toMatchObject({norm: null, layers: [{norm: null}]});
    const read = optionsFromConfig(await throughTfjs(optionsToConfig(options)));
    expect(read).toEqual({gamma: 1, norm: 'linf', layers: [{name: 'a', norm: 'linf'}]});
  });

  it('lose the keys of a record by layer: hence lists of {name}', async () => {
    const gammas = {conv_layer1: 1, Block1_ConvA: 2, UPPER: 3};
    expect(Object.keys((await raw({gammas})).gammas as object)).toEqual([
      'convLayer1',
      'block1ConvA',
      'upper',
    ]);
  });

  it('keep names that no change of case touches', async () => {
    expect(await raw({layers: ['a/b', 'conv1'], output: 'scores'})).toEqual({
      layers: ['a/b', 'conv1'],
      output: 'scores',
    });
  });

  it('are lost in more than a quarter of the random options', async () => {
    let lost = 0;
    const count = async (options: LargeMarginModelOptions) => {
      const read = (await raw(options)) as unknown as LargeMarginModelOptions;
      lost += Number(JSON.stringify(plain(read)) !== JSON.stringify(plain(options)));
    };
    await fc.assert(fc.asyncProperty(anyOptions, count), RUNS);
    expect(lost).toBeGreaterThan(RUNS.numRuns / 4);
  });
});
