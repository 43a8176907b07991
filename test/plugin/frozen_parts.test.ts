import {train} from '@tensorflow/tfjs-core';
import {layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {freezeParts, frozenParts} from '../../plugin/frozen_parts.js';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import '../../plugin/register.js';
import {randomTensor} from '../support/randoms.js';
import {denseNet, labelsOf, seeded} from '../support/tiny_models.js';

/** A head on a backbone, as in transfer learning; names with what tfjs's saving would change. */
function net(): LayersModel {
  const backbone = sequential({
    layers: [
      layers.dense({units: 5, activation: 'relu', inputShape: [4], name: 'Conv_1a'}),
      layers.batchNormalization({name: 'norm_1'}),
    ],
    name: 'back_bone',
  });
  return seeded(
    sequential({
      layers: [
        layers.dense({units: 4, inputShape: [4], name: 'pre'}),
        backbone,
        layers.dense({units: 3, name: 'head'}),
      ],
    }),
  );
}

const trainable = (model: LayersModel) => model.trainableWeights.map(({originalName}) => originalName);
const nested = (model: LayersModel) => model.getLayer('back_bone') as LayersModel;
const weightOf = (model: LayersModel) =>
  model.getLayer('head').weights.find(({originalName}) => originalName.endsWith('kernel'))!;

const events: Array<[string, (model: LayersModel) => void]> = [
  ['a nested model', model => (nested(model).trainable = false)],
  ['the whole model', model => (model.trainable = false)],
  ['a single weight', model => (weightOf(model).trainable = false)],
  ['a layer in a nested model', model => (nested(model).getLayer('Conv_1a').trainable = false)],
  [
    'a nested model and a single weight',
    model => {
      nested(model).trainable = false;
      weightOf(model).trainable = false;
    },
  ],
];

describe('frozenParts', () => {
  it('finds nothing where nothing is frozen, or the config of a layer says it', () => {
    const model = net();
    expect(frozenParts(model)).toBeUndefined();
    nested(model).getLayer('Conv_1a').trainable = false;
    expect(frozenParts(model)).toBeUndefined();
    model.dispose();
  });

  it.each(events.filter(([name]) => !name.startsWith('a layer')))(
    'finds and freezes again %s',
    (_, freeze) => {
      const [model, copy] = [net(), net()];
      freeze(model);
      const parts = frozenParts(model)!;
      freezeParts(copy, JSON.parse(JSON.stringify(parts)));
      expect(trainable(copy)).toEqual(trainable(model));
      expect(frozenParts(copy)).toEqual(parts);
      model.dispose();
      copy.dispose();
    },
  );
});

describe('a LargeMarginModel', () => {
  it.each(events)('keeps frozen what was frozen when it was saved: %s', (_, freeze) => {
    const base = net();
    freeze(base);
    const model = new LargeMarginModel(base, {gamma: 1});
    const config = JSON.parse(JSON.stringify(model.getConfig()));
    const again = LargeMarginModel.fromConfig(
      LargeMarginModel as never,
      config,
    ) as unknown as LargeMarginModel;
    expect(trainable(again)).toEqual(trainable(model));
    model.dispose();
    again.dispose();
  });

  it('takes up training after freezing as before', async () => {
    const base = denseNet();
    base.getLayer('hidden1').trainable = false;
    const model = new LargeMarginModel(base, {gamma: 1});
    model.compile({optimizer: train.adam(0.1)});
    await model.trainOnBatch(randomTensor([3, 4], 1), labelsOf([0, 1, 2]));
    expect(trainable(model).every(name => name.startsWith('scores'))).toBe(true);
  });
});
