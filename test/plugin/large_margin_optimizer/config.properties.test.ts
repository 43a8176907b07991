import {train} from '@tensorflow/tfjs-core';
import {loadLayersModel, type LayersModel} from '@tensorflow/tfjs-layers';
import fc, {type Arbitrary} from 'fast-check';
import {describe, expect, it} from 'vitest';
import {
  LargeMarginOptimizer,
  type LargeMarginOptimizerOptions,
  type StepOptions,
} from '../../../plugin/index.js';
import {innerOptimizer} from '../../../plugin/optimizer/inner_optimizer.js';
import {memoryStore} from '../../support/memory_store.js';
import {denseNet} from '../../support/tiny_models.js';
import {optionsWith, plain, REWRITTEN, settings} from '../options/random_options.js';

// tfjs rewrites what it saves: configs are to come back byte for byte from it.

const RUNS = {numRuns: 300, seed: 1};
const NAMES = ['sgd', 'momentum', 'rmsprop', 'adam', 'adamax', 'adagrad', 'adadelta'];

const anyName = fc.oneof(fc.string({unit: 'grapheme'}), fc.constantFrom(...REWRITTEN));
const margin = optionsWith(anyName, fc.integer({min: 1, max: 1e6}), anyName);
const positive = fc.oneof(fc.double({min: 1e-12, max: 1e12, noNaN: true}), fc.constantFrom(1e-12, 5, 1 / 3));

const clipping: Arbitrary<object> = fc.oneof(
  fc.constant({}),
  fc.record({globalClipNorm: positive}),
  fc.record({clipValue: positive}),
);
const policy: Arbitrary<object> = fc.oneof(
  fc.record({nonFinite: fc.constantFrom('raise', 'stop', undefined)}),
  fc.record({nonFinite: fc.constant('skip'), maxSkips: fc.integer({min: 1, max: 1000})}),
);
const stepping = fc.record(
  {learningRate: settings.weight, accumulationSteps: fc.integer({min: 1, max: 1000})},
  {requiredKeys: []},
);
const steps = fc.tuple(stepping, clipping, policy).map(parts => Object.assign({}, ...parts) as StepOptions);

/** An optimizer that went through a file. */
async function reloaded(optimizer: LargeMarginOptimizer): Promise<LargeMarginOptimizer> {
  const model = denseNet();
  model.compile({optimizer, loss: 'categoricalCrossentropy'});
  const store = memoryStore();
  await model.save(store, {includeOptimizer: true});
  const loaded = await loadLayersModel(store);
  for (const net of [model, loaded]) net.dispose();
  return (loaded as LayersModel & {optimizer: LargeMarginOptimizer}).optimizer;
}

/** The options in a config, as one record. */
function optionsIn(optimizer: LargeMarginOptimizer): {inner: unknown; step: object; margin?: object} {
  return optimizer.getConfig() as never;
}

describe('the config of an adapter', () => {
  it('comes back from a file byte for byte, and makes the same file again', async () => {
    let runs = 0;
    const back = async (name: string, step: StepOptions, options?: LargeMarginOptimizerOptions) => {
      runs++;
      const optimizer = new LargeMarginOptimizer(name, {...options, ...step});
      const loaded = await reloaded(optimizer);
      expect(loaded).toBeInstanceOf(LargeMarginOptimizer);
      expect(JSON.stringify(loaded.getConfig())).toBe(JSON.stringify(optimizer.getConfig()));
      expect(loaded.stream).toMatchObject({seed: optimizer.stream.seed, steps: 0});
      for (const each of [optimizer, loaded]) each.dispose();
    };
    const some = fc.option(margin, {nil: undefined, freq: 4});
    await fc.assert(fc.asyncProperty(fc.constantFrom(...NAMES), steps, some, back), RUNS);
    expect(runs).toBe(RUNS.numRuns);
  });

  it('says all that the options say', () => {
    const says = (step: StepOptions, options: LargeMarginOptimizerOptions) => {
      const optimizer = new LargeMarginOptimizer('adam', {...options, ...step});
      const config = optionsIn(optimizer);
      expect(plain({...config.step} as never)).toEqual(plain({...step} as never));
      const {output, ...rest} = config.margin as LargeMarginOptimizerOptions;
      const name = output && (output as unknown as {name: string}).name;
      const seed = options.seed ?? optimizer.stream.seed;
      expect(plain({...rest, output: name})).toEqual(plain({...options, seed}));
      optimizer.dispose();
    };
    fc.assert(fc.property(steps, margin, says), RUNS);
  });

  it('has no part for a margin where none is asked for', () => {
    const optimizer = new LargeMarginOptimizer('adam', {globalClipNorm: 5, gamma: undefined});
    const inner = innerOptimizer('test', 'adam');
    expect(optimizer.getConfig()).toEqual({
      version: 1,
      inner: {className: 'Adam', name: 'Adam', config: inner.getConfig()},
      step: {globalClipNorm: 5},
    });
    for (const each of [optimizer, inner]) each.dispose();
  });

  it('has a seed, also one that was drawn', async () => {
    const [drawn, other] = [0, 1].map(() => new LargeMarginOptimizer(train.sgd(0.1), {gamma: 1}));
    expect(drawn.stream.seed).not.toBe(other.stream.seed);
    expect((await reloaded(drawn)).stream.seed).toBe(drawn.stream.seed);
  });

  it('is refused where a later version wrote it', () => {
    const config = {...new LargeMarginOptimizer('sgd').getConfig(), version: 2};
    const load = () => LargeMarginOptimizer.fromConfig(LargeMarginOptimizer as never, config);
    expect(load).toThrow('update tfjs-large-margin');
  });
});
