import {tensor2d, train, type Optimizer, type Tensor} from '@tensorflow/tfjs-core';
import {input, layers, model as tfModel, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {
  LargeMarginModel,
  marginRegularizer,
  schedules,
  type LargeMarginModelOptions,
  type MarginRegularizerArgs,
} from '../../../plugin/index.js';
import {randomTensor} from '../../support/randoms.js';
import {apply, dense, labelsOf, seeded} from '../../support/tiny_models.js';

/** A compiled model to be saved, and a batch for its training steps. */
export interface SavedCase {
  name: string;
  model: () => LargeMarginModel;
  x: () => Tensor;
  y: () => Tensor[];
  /**
   * How far weights may be off after the next step on webgl: loading makes Adam's powers of beta anew, by `pow`, whose
   * last bit there is not that of a product. All else is to be the same bit for bit.
   */
  webglBound?: number;
}

type Every<T> = Required<Omit<T, 'step'>>;

// Required: a new option does not compile before it is here, with a value that is not its default.
const everyOption: Every<LargeMarginModelOptions> = {
  gamma: schedules.warmUp({
    steps: 3,
    from: 0.5,
    then: schedules.cosineDecay({initial: 2, decaySteps: 9, alpha: 0.1}),
  }),
  layers: [
    'The_Input',
    {name: 'Block_A/Act_1', gamma: 1e-3, weight: 0.25, norm: Infinity, scale: 'size'},
    {name: 'Block_B/Act_1', weight: schedules.delay({steps: 1, before: 0.5, then: 2}), norm: 1.5, scale: 3},
    'conv2D/Branch_1:0',
    {name: 'UPPER', gamma: schedules.piecewiseConstant({boundaries: [1, 4], values: [1, 2, 3]})},
    'output',
  ],
  norm: Infinity,
  scale: 'size',
  scores: 'probabilities',
  topK: 2,
  rivals: 'random',
  aggregate: 'sum',
  reduceLayers: 'mean',
  gradient: 'firstOrder',
  batchStatistics: 'differentiated',
  clip: null,
  epsilon: 1e-12,
  marginWeight: schedules.exponentialDecay({initial: 0.7, decayRate: 0.96, decaySteps: 2, staircase: true}),
  crossEntropyWeight: 0.3,
  labelSmoothing: 0.1,
  seed: -123456789,
  output: 'Class_Scores/Out_1',
};

const softmax = {activation: 'softmax'} as const;

/** Nested models with a layer of the same name in each, a layer used twice, batch norm and two outputs. */
function wideNet(): LayersModel {
  const at = input({shape: [4], name: 'The_Input'});
  const block = (name: string) =>
    sequential({
      name,
      layers: [
        dense(`${name}_dense`, 4, {inputShape: [4]}),
        layers.activation({activation: 'tanh', name: 'Act_1'}),
      ],
    });
  const shared = dense('conv2D/Branch_1', 4, {activation: 'elu'});
  const hidden = apply(block('Block_B'), apply(shared, apply(shared, apply(block('Block_A'), at))));
  const upper = apply(
    dense('UPPER', 5, {activation: 'relu'}),
    apply(layers.batchNormalization({name: 'bn_1'}), hidden),
  );
  const outputs = [apply(dense('aside', 1), upper), apply(dense('Class_Scores/Out_1', 4, softmax), upper)];
  return seeded(tfModel({name: 'Größe_层/Net_1', inputs: at, outputs}));
}

/** Convolutions with batch norm, with marked activations where they are wanted. */
function pictureNet(marks = false): LayersModel {
  const conv = (name: string, rest: object = {}) =>
    layers.conv2d({filters: 4, kernelSize: 3, padding: 'same', activation: 'tanh', name, ...rest});
  const mark = (args: MarginRegularizerArgs) => (marks ? [marginRegularizer(args)] : []);
  return seeded(
    sequential({
      name: marks ? 'marked_Net' : 'pictureNet',
      layers: [
        conv('conv_layer1', {inputShape: [6, 6, 2]}),
        ...mark({name: 'Mark_1', gamma: 1e-12, norm: Infinity, scale: 'size'}),
        layers.maxPooling2d({poolSize: 2, strides: 2, name: 'pool'}),
        conv('convLayer1'),
        layers.batchNormalization({name: 'BN'}),
        ...mark({
          name: 'Mark_2',
          gamma: schedules.cosineDecay({initial: 1, decaySteps: 5, alpha: 0.2}),
          weight: schedules.piecewiseConstant({boundaries: [2], values: [0.5, 1]}),
          norm: 3,
          scale: 2,
        }),
        layers.flatten({name: 'flat'}),
        dense('scores', 4, softmax),
      ],
    }),
    1,
    0.4,
  );
}

const compiled = (model: LargeMarginModel, optimizer: Optimizer, rest: object = {}) => {
  model.compile({optimizer, ...rest});
  return model;
};

export const savedCases: SavedCase[] = [
  {
    name: 'every option away from its default',
    model: () =>
      compiled(new LargeMarginModel(wideNet(), everyOption), train.adam(0.01, 0.8, 0.95, 1e-6), {
        loss: ['meanSquaredError', 'categoricalCrossentropy'],
      }),
    x: () => randomTensor([6, 4], 1),
    y: () => [tensor2d([1, -1, 0.5, 2, 0, 1], [6, 1]), labelsOf([0, 1, 2, 3, 1, 0], 4)],
    webglBound: 1e-6,
  },
  {
    name: 'marked layers, numbers as small as 1e-12',
    model: () => {
      const options = {gamma: 1e-12, epsilon: 1e-12, clip: 1e-12, marginWeight: 1e12};
      return compiled(new LargeMarginModel(pictureNet(true), options), train.momentum(0.01, 0.9, true), {
        metrics: ['accuracy'],
      });
    },
    x: () => randomTensor([4, 6, 6, 2], 2),
    y: () => [labelsOf([0, 1, 3, 2], 4)],
  },
  {
    name: 'gamma alone, exact gradients',
    model: () =>
      compiled(new LargeMarginModel(pictureNet(), {gamma: 1}), train.rmsprop(0.001, 0.9, 0.5, 1e-2), {
        loss: 'sparseCategoricalCrossentropy',
      }),
    x: () => randomTensor([4, 6, 6, 2], 2),
    y: () => [tensor2d([[0], [1], [3], [2]])],
  },
];
