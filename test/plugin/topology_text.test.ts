import {input, layers, model as makeModel, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {io} from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {planMargin} from '../../plugin/margin_plan.js';
import {topologyText} from '../../plugin/topology_text.js';
import {toClassifier} from '../../plugin/classifier.js';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import {marginRegularizer} from '../../plugin/margin_regularizer.js';
import '../../plugin/register.js';
import {apply, convNet, dense, denseNet, seeded} from '../support/tiny_models.js';

const textOf = (model: LayersModel) =>
  topologyText(planMargin('test', model, {gamma: 1, layers: ['output'], gradient: 'firstOrder'}));

async function reloaded(model: LayersModel): Promise<LayersModel> {
  let saved: io.ModelArtifacts | undefined;
  const keep = async (artifacts: io.ModelArtifacts) => {
    saved = artifacts;
    return {modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON' as const}};
  };
  await model.save(io.withSaveHandler(keep));
  // As a file has it: keys and names that went through JSON.
  const {weightData, ...rest} = saved!;
  const json = JSON.parse(JSON.stringify(rest)) as io.ModelArtifacts;
  return tfl.loadLayersModel(io.fromMemory({...json, weightData}));
}

const rich = () => {
  const at = input({shape: [8, 8, 3]});
  const conv = apply(
    layers.conv2d({
      ...{filters: 4, kernelSize: [3, 2], strides: 2, padding: 'same', dataFormat: 'channelsLast'},
      kernelRegularizer: 'l1l2',
      // A constraint is applied again to what is loaded: this one changes nothing more.
      kernelConstraint: tfl.constraints.nonNeg(),
      kernelInitializer: tfl.initializers.heNormal({seed: 3}),
    }),
    at,
  );
  const normed = apply(layers.reLU({maxValue: 6}), apply(layers.batchNormalization({epsilon: 1e-4}), conv));
  const pooled = apply(layers.globalAveragePooling2d({}), apply(layers.maxPooling2d({poolSize: 2}), normed));
  const marked = apply(marginRegularizer({norm: Infinity, gamma: 0.5}), pooled);
  return seeded(makeModel({inputs: at, outputs: apply(dense('end', 3, {activation: 'softmax'}), marked)}));
};

describe('topologyText', () => {
  it.each<[string, () => LayersModel]>([
    ['a dense net', () => denseNet()],
    ['a convolutional net', () => convNet()],
    ['a net of many kinds of layers', rich],
    ['a nested net', () => seeded(sequential({layers: [convNet({softmax: false}), layers.softmax()]}))],
    [
      'a bidirectional recurrent net',
      () =>
        seeded(
          sequential({
            layers: [
              layers.bidirectional({
                layer: layers.lstm({units: 2}) as never,
                mergeMode: 'concat',
                inputShape: [3, 2],
              }),
              layers.dense({units: 2}),
            ],
          }),
        ),
    ],
    ['a LargeMarginModel', () => new LargeMarginModel(rich(), {norm: 'linf', gamma: 1, layers: ['input']})],
  ])('is the same after saving and loading, and so is the fingerprint: %s', async (_, make) => {
    const model = make();
    const loaded = await reloaded(model);
    expect(textOf(loaded)).toBe(textOf(model));
    expect(await toClassifier(loaded).fingerprint!()).toBe(await toClassifier(model).fingerprint!());
  });

  it('does not know layers by their names', () => {
    expect(textOf(sequential({layers: [layers.dense({units: 2, inputShape: [3]})]}))).toBe(
      textOf(sequential({layers: [layers.dense({units: 2, inputShape: [3], name: 'other'})]})),
    );
  });

  it.each([
    ['the activation', {activation: 'relu'}],
    ['the bias', {useBias: false}],
    ['the units', {units: 4}],
  ] as const)('tells nets apart by %s', (_, rest) => {
    const net = (args: object) => sequential({layers: [layers.dense({units: 2, inputShape: [3], ...args})]});
    expect(textOf(net(rest))).not.toBe(textOf(net({})));
  });

  it('tells by which layer another is fed', () => {
    const net = (swapped: boolean) => {
      const at = input({shape: [3]});
      const [a, b] = [apply(dense('a'), at), apply(dense('b', 3, {activation: 'tanh'}), at)];
      const last = layers.concatenate();
      return makeModel({inputs: at, outputs: apply(dense('c'), apply(last, swapped ? [b, a] : [a, b]))});
    };
    expect(textOf(net(true))).not.toBe(textOf(net(false)));
  });
});
