import type {serialization, Tensor} from '@tensorflow/tfjs-core';
import type {layers} from '@tensorflow/tfjs-layers';
import {cloneOnTape, isTapeLive} from '../src/index.js';

type Layer = layers.Layer;

/** Lets a layer pass on what its softmax would have been given, until the returned function is called. */
export function withoutSoftmax(layer: Layer): () => void {
  return replaceSoftmax(layer, () => x => x, 'linear');
}

/**
 * Shows what a layer's softmax is given on a live tape, until the returned function is called. The layer computes as
 * before.
 *
 * @param note Gets a tensor that lives as long as the tape's function: tfjs lets go of its own when the layer returns.
 */
export function noteLogits(layer: Layer, note: (logits: Tensor) => void): () => void {
  return replaceSoftmax(layer, softmax => (x, ...rest) => {
    if (!isTapeLive()) return softmax(x, ...rest);
    const logits = cloneOnTape(x);
    note(logits);
    return softmax(logits, ...rest);
  });
}

type Softmax = (x: Tensor, ...rest: unknown[]) => Tensor;

/** An activation as tfjs-layers keeps it. */
interface Activation {
  apply: Softmax;
  getClassName(): string;
  getConfig(): serialization.ConfigDict;
}

/** A Softmax layer keeps the function in a field of that name, all others an activation. */
function replaceSoftmax(layer: Layer, make: (softmax: Softmax) => Softmax, name?: string): () => void {
  const fields = layer as unknown as {softmax?: Softmax; activation: Activation};
  if (fields.softmax) {
    const original = fields.softmax;
    fields.softmax = make(original);
    return () => void (fields.softmax = original);
  }
  const original = fields.activation;
  fields.activation = {
    apply: make((x, ...rest) => original.apply(x, ...rest)),
    getClassName: () => name ?? original.getClassName(),
    getConfig: () => original.getConfig(),
  };
  return () => void (fields.activation = original);
}
