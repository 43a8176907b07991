import {cast, oneHot, tensor1d, tidy, type Tensor2D} from '@tensorflow/tfjs-core';
import {
  layers,
  sequential,
  type LayersModel,
  type Sequential,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import {tensor} from '@tensorflow/tfjs-core';
import {randoms} from './randoms.js';

/** Gives every weight of a model numbers of its own, the same on every engine; variances and scales are positive. */
export function seeded<T extends LayersModel>(model: T, seed = 1, scale = 0.6): T {
  if (!model.built) model.build(undefined as never);
  const values = model.weights.map((weight, i) => {
    const isPositive = /variance|gamma/.test(weight.originalName);
    const size = weight.shape.reduce<number>((product, n) => product * (n ?? 1), 1);
    const numbers = randoms(size, 100 * seed + i);
    return tensor(
      numbers.map(r => (isPositive ? 0.6 + Math.abs(r) : r * scale)),
      weight.shape as number[],
    );
  });
  model.setWeights(values);
  values.forEach(t => t.dispose());
  return model;
}

export interface DenseNetArgs {
  /** Units of the hidden layers, 'hidden1', 'hidden2', ... */
  units?: number[];
  activation?: string;
  inputs?: number;
  classes?: number;
  /** Whether the last layer, 'scores', ends in a softmax. */
  softmax?: boolean;
  seed?: number;
}

/** A Sequential dense net, 4 -> 5 -> 3 unless told otherwise. */
export function denseNet({
  units = [5],
  activation = 'tanh',
  inputs = 4,
  classes = 3,
  softmax = true,
  seed = 1,
}: DenseNetArgs = {}): Sequential {
  const hidden = units.map((size, i) =>
    layers.dense({
      units: size,
      activation: activation as 'tanh',
      name: `hidden${i + 1}`,
      ...(i === 0 && {inputShape: [inputs]}),
    }),
  );
  const scores = layers.dense({
    units: classes,
    name: 'scores',
    ...(softmax && {activation: 'softmax' as const}),
    ...(units.length === 0 && {inputShape: [inputs]}),
  });
  return seeded(sequential({layers: [...hidden, scores]}), seed);
}

/** A Sequential net for pictures [6, 6, 2]: conv 3 -> activation -> max pool -> conv 3 -> activation -> dense. */
export function convNet({activation = 'relu', softmax = true, seed = 1} = {}): Sequential {
  const conv = (name: string, filters: number, rest = {}) =>
    layers.conv2d({
      kernelSize: 3,
      filters,
      padding: 'same',
      activation: activation as 'relu',
      name,
      ...rest,
    });
  return seeded(
    sequential({
      layers: [
        conv('conv1', 3, {inputShape: [6, 6, 2]}),
        layers.maxPooling2d({poolSize: 2, strides: 2, name: 'pool'}),
        conv('conv2', 4),
        layers.flatten({name: 'flat'}),
        layers.dense({units: 3, name: 'scores', ...(softmax && {activation: 'softmax' as const})}),
      ],
    }),
    seed,
    0.3,
  );
}

/** One-hot labels, float32 [batch, classes]. */
export function labelsOf(indices: number[], classes = 3): Tensor2D {
  // Through int32: wasm's oneHot writes integer bits into a float32 tensor.
  return tidy(() => cast(oneHot(tensor1d(indices, 'int32'), classes), 'float32') as Tensor2D);
}

/** Every weight's numbers, to compare bit for bit. */
export function weightsOf(model: LayersModel): number[][] {
  return model.weights.map(weight => Array.from(weight.read().dataSync()));
}

/** A dense layer by its name. */
export function dense(name: string, units = 3, rest: object = {}) {
  return layers.dense({units, name, ...rest});
}

/** Applies a layer or a model to the tensors of a functional model: what `apply` gives there is one such tensor. */
export function apply(
  layer: {apply: (x: never) => unknown},
  x: SymbolicTensor | SymbolicTensor[],
): SymbolicTensor {
  return layer.apply(x as never) as SymbolicTensor;
}
