import {layers, sequential} from '@tensorflow/tfjs-layers';
import type {serialization} from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import {modelFromConfig, modelToConfig} from '../../plugin/model_config.js';
import {CONFIG_VERSION} from '../../plugin/saved_class.js';
import '../../plugin/register.js';
import {expectRefusal} from '../support/expect_no_leak.js';
import {denseNet} from '../support/tiny_models.js';

const saved = () => {
  const base = denseNet();
  const options = {gamma: 1e-12, layers: ['hidden1']};
  return modelToConfig({name: 'net', base, options, stream: {seed: -7, steps: 12}});
};

describe('modelFromConfig', () => {
  it('reads what was written', () => {
    const config = saved();
    expect(config.version).toBe(CONFIG_VERSION);
    const {model, stream} = modelFromConfig(config, {}, false, (base, options) => ({base, options}));
    const {base, options} = model;
    expect(options).toEqual({gamma: 1e-12, layers: ['hidden1']});
    expect(stream).toEqual({seed: -7, steps: 12});
    expect(base.layers.map(({name}) => name)).toEqual(['hidden1', 'scores']);
    base.dispose();
  });

  it('names a class that nobody has registered', async () => {
    const config = {...saved(), base: {className: 'TheirModel', config: {}}};
    const parts = ['TheirModel', 'import it first'];
    await expectRefusal(
      () => modelFromConfig(config, {}, false, base => base),
      'the class of the wrapped model',
      ...parts,
    );
  });
});

describe('LargeMarginModel.fromConfig', () => {
  const load = (config: serialization.ConfigDict) =>
    LargeMarginModel.fromConfig(LargeMarginModel as never, config) as unknown as LargeMarginModel;

  it('goes on with the random numbers where they were', () => {
    const base = sequential({layers: [layers.dense({units: 2, inputShape: [3]})]});
    const model = new LargeMarginModel(base, {gamma: 1, seed: 4});
    model.stream.steps = 17;
    const again = load(model.getConfig());
    expect(again.stream).toEqual({seed: 4, steps: 17});
    again.dispose();
    model.dispose();
  });

  it('refuses a file of a newer version in one sentence', async () => {
    const config = {...saved(), version: CONFIG_VERSION + 1};
    await expectRefusal(() => load(config), 'the version', 'LargeMarginModel', 'update tfjs-large-margin');
  });

  it('refuses an option that it does not know', async () => {
    const config = saved();
    (config.margin as serialization.ConfigDict).curvature = 3;
    const base = () => load(config);
    await expectRefusalBesides(base, 'options', "got 'curvature'");
  });

  /** The wrapped model is made before its options are looked at: its weights stay. */
  async function expectRefusalBesides(f: () => unknown, argument: string, part: string) {
    expect(f).toThrowError(
      expect.objectContaining({argument, message: expect.stringContaining(part)}) as Error,
    );
  }
});
