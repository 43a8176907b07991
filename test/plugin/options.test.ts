import {serialization} from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {layers, loadLayersModel, sequential} from '@tensorflow/tfjs-layers';
import {io} from '@tensorflow/tfjs-core';
import type {LargeMarginModelOptions} from '../../plugin/margin_plan.js';
import {schedules} from '../../src/index.js';
import {optionsFromConfig, optionsToConfig, settingsToConfig} from '../../plugin/options.js';

/** A layer that does nothing but carry margin options through tfjs's own saving and loading. */
class Carrier extends layers.Layer {
  static className = 'MarginOptionsCarrier';
  readonly margin: LargeMarginModelOptions;

  constructor(args: {margin: serialization.ConfigDict} & Record<string, unknown>) {
    super(args as object);
    this.margin = optionsFromConfig(args.margin);
  }

  override call(inputs: never): never {
    return inputs;
  }

  override getConfig(): serialization.ConfigDict {
    return {...super.getConfig(), margin: optionsToConfig(this.margin)};
  }
}
serialization.registerClass(Carrier);

/** What becomes of options that are saved as JSON text and loaded again. */
async function throughAFile(options: LargeMarginModelOptions): Promise<LargeMarginModelOptions> {
  const carrier = new Carrier({margin: optionsToConfig(options), inputShape: [1]});
  let stored = '';
  await sequential({layers: [carrier as never]}).save({
    save: async artifacts => {
      stored = JSON.stringify(artifacts.modelTopology);
      return {modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON'}};
    },
  });
  const loaded = await loadLayersModel(io.fromMemory({modelTopology: JSON.parse(stored)}));
  return (loaded.layers[loaded.layers.length - 1] as unknown as Carrier).margin;
}

const cases: Array<[string, LargeMarginModelOptions]> = [
  ['gamma alone', {gamma: 1}],
  [
    'every option',
    {
      ...{
        gamma: 0.25,
        layers: 'all',
        norm: 1.5,
        scale: 'size',
        scores: 'probabilities',
        topK: 4,
        rivals: 'random',
      },
      ...{aggregate: 'sum', reduceLayers: 'mean', gradient: 'firstOrder', clip: 2.5, epsilon: 1e-9},
      ...{marginWeight: 0.5, crossEntropyWeight: 0, seed: -123456789},
    },
  ],
  ['no cap', {gamma: 1e-12, clip: null}],
  ['layers by name', {gamma: 1, layers: ['a', 'hidden', 'output']}],
  ['a single set', {gamma: 1, layers: 'input'}],
  [
    'names that a change of case would break',
    {
      gamma: 1,
      output: 'My_Output/denseLayer_1',
      layers: [
        'conv_layer1',
        'ConvLayer1',
        {name: 'block/conv_2D:0', gamma: 2},
        'größe_µ',
        '层_一',
        'a b-c.d',
        '__x__',
        '',
      ],
    },
  ],
  [
    'layers with settings',
    {
      gamma: 1,
      layers: [
        {name: 'a_b', gamma: 0.1, weight: 0, norm: 'linf', scale: 3},
        {name: 'cD', norm: 1.25, scale: 'size'},
      ],
    },
  ],
];

describe('optionsToConfig and optionsFromConfig', () => {
  it.each(cases)('give back %s', (_, options) => {
    expect(optionsFromConfig(optionsToConfig(options))).toEqual(options);
  });

  it.each(cases)("bring %s through tfjs's saving and loading", async (_, options) => {
    expect(await throughAFile(options)).toEqual(options);
  });

  it('turn Infinity, which JSON has not, into linf', async () => {
    const options = {gamma: 1, norm: Infinity, layers: [{name: 'a', norm: Infinity}]};
    expect(await throughAFile(options)).toEqual({
      gamma: 1,
      norm: 'linf',
      layers: [{name: 'a', norm: 'linf'}],
    });
  });

  it('leave out what is undefined', () => {
    expect(optionsToConfig({gamma: 1, norm: undefined, layers: undefined, seed: undefined})).toEqual({
      gamma: 1,
    });
  });

  it('share nothing with the options they were made of', () => {
    const options = {gamma: 1, layers: [{name: 'a', gamma: 2}]};
    const read = optionsFromConfig(optionsToConfig(options));
    options.layers[0].gamma = 9;
    expect(read.layers).toEqual([{name: 'a', gamma: 2}]);
  });
});

describe('settingsToConfig', () => {
  it('writes what is there as plain JSON, Infinity as linf', () => {
    expect(settingsToConfig({})).toEqual({});
    const all = {gamma: 1e-12, weight: 0, norm: 1.5, scale: 'size'} as const;
    expect(settingsToConfig(all)).toEqual(all);
    expect(settingsToConfig({norm: Infinity, gamma: undefined})).toEqual({norm: 'linf'});
    const schedule = schedules.delay({steps: 2, then: schedules.warmUp({steps: 3, then: 1})});
    const config = settingsToConfig({weight: schedule});
    expect(config).toEqual({weight: schedule});
    expect(config.weight).not.toBe(schedule);
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
  });
});
