import type {LayersModel} from '@tensorflow/tfjs-layers';
import type {RandomStream} from '../../src/index.js';
import {internalsOf, trainedModel} from '../model_internals.js';

/**
 * Runs f, which must be synchronous, with numbers of this stream wherever Math.random is asked: tfjs draws the seeds of
 * dropout masks and noise there.
 */
export function withRandom<T>(stream: RandomStream, f: () => T): T {
  const original = Math.random;
  Math.random = () => stream.next();
  try {
    return f();
  } finally {
    Math.random = original;
  }
}

/** The numbers 0 to size - 1 in an order that the stream draws (Fisher and Yates). */
export function permutation(size: number, stream: RandomStream): Int32Array {
  const order = Int32Array.from({length: size}, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = Math.floor(stream.next() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** What a model draws by: seeds, and how often each was used. */
export type Counters = Array<{seed: number; steps: number}>;

/** Copies the counters of a LargeMarginModel and of marginLoss. */
export function takeCounters(model: LayersModel): Counters {
  return countersIn(model).map(({seed, steps}) => ({seed, steps}));
}

/** Puts back what `takeCounters` gave of the same model. */
export function putCounters(model: LayersModel, counters: Counters): void {
  countersIn(model).forEach((own, i) => Object.assign(own, counters[i]));
}

/** The counters themselves, in the order of the outputs. */
function countersIn(model: LayersModel): Counters {
  const {lossFunctions = []} = internalsOf(trainedModel(model));
  const all = [model, ...new Set(lossFunctions)] as Array<{stream?: Counters[number]}>;
  return all.flatMap(({stream}) => (stream ? [stream] : []));
}
