import type {layers} from '@tensorflow/tfjs-layers';
import {SITE_CLASS} from './margin_sites.js';
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
const RESHAPES = new Set(['Reshape', 'Flatten', 'Dropout', SITE_CLASS]);

/** Layers whose operations tfjs can differentiate once only. */
const ONCE_ONLY = new Set(['Conv3D', 'Conv3DTranspose', 'MaxPooling3D', 'GlobalMaxPooling3D']);

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

/**
 * Why the second derivative of a use of a layer cannot be had; undefined where nothing is known against it: what its
 * operations are is seen when they run.
 */
export function whyNotExact({layer}: LayerCall): string | undefined {
  const kind = layer.getClassName();
  if (ONCE_ONLY.has(kind)) return kind;
  const {dilationRate = 1} = layer as unknown as {dilationRate?: number | number[]};
  return [dilationRate].flat().some(rate => rate !== 1) ? `${kind} with dilation` : undefined;
}
