import {getBackend} from '@tensorflow/tfjs-core';
import type {layers} from '@tensorflow/tfjs-layers';
import type {LayerCall} from './topology.js';

type Layer = layers.Layer;

/** What tfjs-layers keeps in a layer's own field and does not declare. */
interface HasActivation {
  activation?: {getClassName(): string} | null;
}

const ACTIVATIONS = new Set([
  'Activation',
  'ReLU',
  'LeakyReLU',
  'PReLU',
  'ELU',
  'ThresholdedReLU',
  'Softmax',
]);
const NORMALIZATIONS = new Set(['BatchNormalization', 'LayerNormalization']);
const RESHAPES = new Set(['Reshape', 'Flatten', 'Dropout']);

/** Layers through which the second derivative was compared with finite differences and agrees. */
const EXACT_LAYERS = new Set(
  [
    ['InputLayer', 'Dense', 'Conv2D', 'Conv1D', 'MaxPooling2D', 'MaxPooling1D', 'AveragePooling2D'],
    ['AveragePooling1D', 'GlobalAveragePooling2D', 'GlobalAveragePooling1D', 'GlobalMaxPooling2D'],
    ['GlobalMaxPooling1D', 'BatchNormalization', 'Activation', 'ReLU', 'LeakyReLU', 'ELU', 'Softmax'],
    ['Flatten', 'Reshape', 'Dropout', 'Add', 'ZeroPadding2D'],
  ].flat(),
);
const EXACT_ACTIVATIONS = ['linear', 'relu', 'relu6', 'elu', 'tanh', 'sigmoid', 'softplus', 'softmax'];

/** Name of a layer's fused activation, 'linear' where it has none. */
export function activationOf(layer: Layer): string {
  return (layer as HasActivation).activation?.getClassName() ?? 'linear';
}

export function isSoftmax(call: LayerCall): boolean {
  const {layer, output} = call;
  if (layer.getClassName() !== 'Softmax') return activationOf(layer) === 'softmax';
  const {axis} = layer as unknown as {axis: number | number[]};
  const last = output.shape.length - 1;
  return [axis].flat().every(a => a === -1 || a === last);
}

export function isActivation(layer: Layer): boolean {
  return ACTIVATIONS.has(layer.getClassName());
}

export function isNormalization(layer: Layer): boolean {
  return NORMALIZATIONS.has(layer.getClassName());
}

/** Whether a layer only moves numbers about, or, at inference, does nothing. */
export function isReshape(layer: Layer): boolean {
  const isLinear = layer.getClassName() === 'Activation' && activationOf(layer) === 'linear';
  return RESHAPES.has(layer.getClassName()) || isLinear;
}

/** Why the second derivative of a use of a layer is not to be trusted; undefined where it is. */
export function whyNotExact({layer, inputs, output}: LayerCall): string | undefined {
  const kind = layer.getClassName();
  if (kind.startsWith('AveragePooling') && isPadded(layer, inputs[0], output.shape)) {
    // AvgPoolGrad of these two is wrong at the borders, to first order already.
    if (['cpu', 'wasm'].includes(getBackend())) return `${kind} with padding on the ${getBackend()} backend`;
  }
  if (!EXACT_LAYERS.has(kind)) return kind;
  const activation = activationOf(layer);
  return EXACT_ACTIVATIONS.includes(activation) ? undefined : `${kind} with activation ${activation}`;
}

function isPadded(layer: Layer, input: LayerCall, shape: Array<number | null>): boolean {
  const {poolSize, strides} = layer as unknown as {poolSize: number | number[]; strides: number | number[]};
  const at = (values: number | number[], i: number) => [values].flat()[i];
  // Channels last, as tfjs-layers computes pools; a size that is not known may be padded.
  return [poolSize].flat().some((size, i) => {
    const [before, after] = [input.output.shape[i + 1], shape[i + 1]];
    return before == null || after == null || (after - 1) * at(strides, i) + size > before;
  });
}
