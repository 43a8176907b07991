import {
  add,
  cast,
  customGrad,
  dispose,
  div,
  losses,
  mul,
  oneHot,
  randomNormal,
  round,
  sign,
  softmax,
  sub,
  train,
  zerosLike,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import {initializers, layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import '../../plugin/register.js';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import {presets, type Classifier} from '../../src/index.js';
import {firstPictures} from '../reference/attacks/mnist.js';

export type Net = (x: Tensor) => Tensor2D;

/** How the sound nets were trained. */
export type SoundNet = 'cross-entropy' | 'large margin' | 'wide, with noise';

const PICTURES = 4000;
const EPOCHS = 3;
const RATE = 2e-3;

/** Trains a dense net on MNIST in seconds; the same net each time on one engine. */
export async function soundNet(kind: SoundNet): Promise<LayersModel> {
  const units = kind === 'wide, with noise' ? 256 : 64;
  const init = (seed: number) => initializers.heNormal({seed});
  const net = sequential({
    layers: [
      layers.flatten({inputShape: [28, 28, 1]}),
      layers.dense({units, activation: 'relu', kernelInitializer: init(1)}),
      layers.dense({units: 10, kernelInitializer: init(2)}),
    ],
  });
  const optimizer = train.adam(RATE);
  const margin = {...presets.robust({norm: 'linf', gamma: 0.1, crossEntropyWeight: 0}), seed: 1};
  const model = kind === 'large margin' ? new LargeMarginModel(net, margin) : net;
  if (model instanceof LargeMarginModel) model.compile({optimizer});
  else model.compile({optimizer, loss: (y: Tensor, z: Tensor) => losses.softmaxCrossEntropy(y, z)});
  const {x, labels} = firstPictures('train', PICTURES);
  const pictures = kind === 'wide, with noise' ? add(x, randomNormal(x.shape, 0, 0.3, 'float32', 1)) : x;
  const classes = cast(oneHot(labels, 10), 'float32');
  await model.fit(pictures, classes, {epochs: EPOCHS, batchSize: 50, shuffle: false, verbose: 0});
  dispose([x, labels, pictures, classes]);
  optimizer.dispose();
  return net;
}

/** A model as attacks take it. */
export function netOf(model: LayersModel): Net {
  return x => model.apply(x, {training: false}) as Tensor2D;
}

/** What was done to a sound net so that attacks with gradients look weak, or figures mean nothing. */
export type Defect =
  | 'last layer x 1000'
  | 'softmax output'
  | 'zero gradient'
  | 'NaN layer'
  | '8-level input'
  | 'random noise layer'
  | 'sign layer';

/** A sound net, spoilt. */
export function spoil(net: Net, defect: Defect): Classifier {
  return SPOIL[defect](net);
}

const SPOIL: Record<Defect, (net: Net) => Classifier> = {
  'last layer x 1000': net => x => mul(net(x), 1000),
  'softmax output': net => x => softmax(net(x)),
  'zero gradient': net => x => net(withoutGradient(x)),
  'NaN layer': net => x => add(net(x), NaN),
  '8-level input': net => x => net(div(round(mul(x, 7)), 7)),
  'random noise layer': net => x => net(add(x, randomNormal(x.shape, 0, 0.05))),
  // What a threshold does, with the gradient of the identity, as straight-through estimators have it.
  'sign layer': net => x => net(straightThrough(x)),
};

const withoutGradient = customGrad(((x: Tensor) => ({
  value: x.clone(),
  gradFunc: () => zerosLike(x),
})) as never) as (x: Tensor) => Tensor;

const straightThrough = customGrad(((x: Tensor) => ({
  value: mul(add(sign(sub(x, 0.5)), 1), 0.5),
  gradFunc: (dy: Tensor) => dy,
})) as never) as (x: Tensor) => Tensor;
