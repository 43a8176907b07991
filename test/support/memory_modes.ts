import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {LargeMarginModel, presets, type LargeMarginModelOptions} from '../../plugin/index.js';
import {randomTensor} from './randoms.js';
import {convNet, denseNet, labelsOf, seeded} from './tiny_models.js';

type Make = (options: LargeMarginModelOptions) => LargeMarginModel;

const on =
  (net: () => LayersModel): Make =>
  options =>
    new LargeMarginModel(net(), options);

/** A net with batch norm, dropout, both poolings and a softmax layer of its own. */
const mixedNet = () =>
  seeded(
    sequential({
      layers: [
        layers.conv2d({filters: 3, kernelSize: 3, padding: 'same', inputShape: [6, 6, 2], name: 'conv'}),
        layers.batchNormalization({name: 'bn'}),
        layers.elu({name: 'elu'}),
        layers.maxPooling2d({poolSize: 3, strides: 2, padding: 'same'}),
        layers.dropout({rate: 0.3}),
        layers.averagePooling2d({poolSize: 2, strides: 1}),
        layers.flatten({}),
        layers.dense({units: 3, name: 'scores', kernelRegularizer: 'l1l2'}),
        layers.softmax({}),
      ],
    }),
  );

/** What trains in a mode of its own: options, and a model for them. */
export const memoryModes: Array<[string, LargeMarginModelOptions, Make]> = [
  ['exact', {gamma: 1}, on(convNet)],
  ['exact, linf and all rivals', {gamma: 1, norm: 'linf', topK: 2, aggregate: 'sum'}, on(convNet)],
  ['exact, l1 and probabilities', {gamma: 1, norm: 'l1', scores: 'probabilities'}, on(denseNet)],
  [
    'exact, p = 3, at the logits too',
    {gamma: 1, norm: 3, layers: ['input', 'hidden', 'output']},
    on(denseNet),
  ],
  ['exact, batch norm, dropout and regularizers', {gamma: 1, layers: ['input', 'conv', 'elu']}, on(mixedNet)],
  ['first-order', {gamma: 1, gradient: 'firstOrder'}, on(convNet)],
  ['first-order, random rivals', {gamma: 1, gradient: 'firstOrder', rivals: 'random', seed: 1}, on(convNet)],
  ["the authors' preset", {...presets.authors('l2'), rivals: 'random'}, on(mixedNet)],
  ['the robust preset', presets.robust({norm: 'linf', gamma: 0.1, crossEntropyWeight: 0}), on(convNet)],
];

/** The number of tensors after each training step, the first step's own included. */
export async function tensorsOver(steps: number, model: LargeMarginModel): Promise<number[]> {
  const x = randomTensor([6, ...(model.inputs[0].shape.slice(1) as number[])], 3);
  const y = labelsOf([0, 1, 2, 2, 1, 0]);
  model.compile({optimizer: 'adam', metrics: ['accuracy']});
  const counts: number[] = [];
  for (let step = 0; step < steps; step++) {
    await model.trainOnBatch(x, y);
    counts.push(tf.memory().numTensors);
  }
  tf.dispose([x, y]);
  return counts;
}
