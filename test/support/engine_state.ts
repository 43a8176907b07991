import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {registeredGradients} from './registered_gradients.js';

const OPTIMIZERS = [
  ...[tf.SGDOptimizer, tf.MomentumOptimizer, tf.RMSPropOptimizer, tf.AdagradOptimizer],
  ...[tf.AdadeltaOptimizer, tf.AdamOptimizer, tf.AdamaxOptimizer],
];

/**
 * What of tfjs is shared by all models of a process and could be left changed: registries, the tape, the depths and
 * scopes of its engine, the optimizers. Two snapshots are equal when every function in them is the very same.
 */
export function engineSnapshot() {
  const {gradientDepth, kernelDepth, activeTape, activeScope, scopeStack, profiling} = tf.engine().state;
  const backend = tf.getBackend();
  return {
    backend,
    gradients: identities(registeredGradients()),
    kernels: identities(tf.getKernelsForBackend(backend).map(config => [config.kernelName, config])),
    kernelFunctions: identities(
      tf.getKernelsForBackend(backend).map(config => [config.kernelName, config.kernelFunc]),
    ),
    optimizers: OPTIMIZERS.flatMap(optimizer => methodsOf(optimizer.prototype)),
    // Between two tapes tfjs has none, or an empty one.
    tape: (activeTape ?? []).length,
    depths: {gradientDepth, kernelDepth, scopes: scopeStack.length, scope: idOf(activeScope)},
    profiling,
  };
}

/** What the layers of a model carry in fields that an interception could leave changed. */
export function layersSnapshot(model: LayersModel): unknown[] {
  return model.layers.map(layer => {
    const fields = layer as unknown as Record<string, unknown>;
    const {call, activation, softmax} = fields;
    const own = Object.hasOwn(layer, 'call');
    return [layer.name, own, Object.keys(layer).sort().join(), ...[call, activation, softmax].map(idOf)];
  });
}

function methodsOf(prototype: object): unknown[] {
  const descriptors = Object.entries(Object.getOwnPropertyDescriptors(prototype));
  return descriptors.map(([name, {value}]) => [name, idOf(value)]);
}

function identities(entries: Iterable<readonly [string, unknown]>): string[] {
  return [...entries].map(([name, value]) => `${name}: ${idOf(value)}`).sort();
}

const ids = new WeakMap<object, number>();
let next = 1;

/** A number that stands for this very object or function: comparisons of numbers are quick and say what differs. */
function idOf(value: unknown): unknown {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return value;
  if (!ids.has(value)) ids.set(value, next++);
  return ids.get(value);
}
