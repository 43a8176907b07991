import {add, conv2d, matMul, tidy, type Tensor, type Tensor2D, type Tensor4D} from '@tensorflow/tfjs-core';
import {layers} from '@tensorflow/tfjs-layers';
import {activationOf} from './layer_kinds.js';

/** The fields of Conv2D and Dense that their `call` works with. */
interface LinearLayer {
  kernel: {read(): Tensor};
  bias: {read(): Tensor} | null;
  activation: {apply(x: Tensor): Tensor};
  dataFormat?: string;
  strides: [number, number];
  padding: 'same' | 'valid';
  dilationRate: [number, number];
}

/** On a tape tfjs takes a layer with one of these apart by itself. */
const UNFUSED_BY_TFJS = ['relu', 'elu'];

/**
 * Gives the forward pass of a convolution or dense layer in separate operations; undefined for every other layer. tfjs
 * fuses these with their bias, and the gradient of the fused operation computes all gradients at once: a margin's walk, or
 * an attack's, would pay for those of the weights, which it throws away.
 */
export function unfusedCall(layer: layers.Layer): ((x: Tensor) => Tensor | undefined) | undefined {
  if (UNFUSED_BY_TFJS.includes(activationOf(layer)) || !hasOwnCall(layer)) return undefined;
  const linear = layer as unknown as LinearLayer;
  const finish = (product: Tensor) => {
    const sum = linear.bias ? add(product, linear.bias.read()) : product;
    // Looked up now: a softmax may be watched, or have given way, since.
    return activationOf(layer) === 'linear' ? sum : linear.activation.apply(sum);
  };
  const kind = layer.getClassName();
  if (kind === 'Dense') {
    const multiply = (x: Tensor) => matMul(x as Tensor2D, linear.kernel.read() as Tensor2D);
    return x => (x.rank === 2 ? tidy(() => finish(multiply(x))) : undefined);
  }
  if (kind !== 'Conv2D' || linear.dataFormat === 'channelsFirst') return undefined;
  return x =>
    tidy(() => {
      const {strides, padding, dilationRate} = linear;
      const kernel = linear.kernel.read() as Tensor4D;
      return finish(conv2d(x as Tensor4D, kernel, strides, padding, 'NHWC', dilationRate));
    });
}

/** Whether a layer's `call` is tfjs's own, not that of somebody's subclass. */
function hasOwnCall(layer: layers.Layer): boolean {
  const kind = layer.getClassName();
  if (!Object.hasOwn(MODELS, kind)) return false;
  models[kind as Kind] ??= MODELS[kind as Kind]();
  return layer.call === models[kind as Kind]!.call;
}

type Kind = keyof typeof MODELS;

/** A layer of each kind to compare with, made when first needed; a name of its own leaves tfjs's numbering alone. */
const MODELS = {
  Dense: () => layers.dense({units: 1, name: 'large_margin_dense'}),
  Conv2D: () => layers.conv2d({filters: 1, kernelSize: 1, name: 'large_margin_conv2d'}),
};
const models: Partial<Record<Kind, layers.Layer>> = {};
