import {cast, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import type {layers, LayersModel} from '@tensorflow/tfjs-layers';
import {check} from '../src/index.js';
import type {MarginPlan} from './margin_plan.js';
import {unfusedCall} from './unfused.js';

type Layer = layers.Layer;

/** What one forward pass gives. */
export interface Interception {
  /** The model's outputs, but for the classification output: there the logits stand in place of their softmax. */
  outputs: Tensor[];
  logits: Tensor2D;
  /**
   * The activations at the margin layers. They may be disposed of already: the tape, which knows them by id, is what
   * a margin needs of them.
   */
  activations: Record<string, Tensor>;
}

/**
 * Runs a model once and intercepts the activations at its margin layers and its true logits, on the live tape.
 *
 * For the time of the call each tapped layer's `call` also notes what it returns, the final softmax passes its input
 * on, and linear layers run unfused; layers inside nested models and shared layers are reached in the same way. The
 * model is left as found, also when it throws.
 */
export function intercept(
  model: LayersModel,
  plan: MarginPlan,
  xs: Tensor[],
  training: boolean,
): Interception {
  const inputs = xs.map((x, i) => (x.dtype === model.inputs[i].dtype ? x : cast(x, model.inputs[i].dtype)));
  const notes = new Map<Layer, Tensor[]>();
  for (const {name} of plan.layers) {
    const tap = plan.taps.get(name)!;
    if ('call' in tap) notes.set(tap.call.layer, []);
  }
  const restore: Array<() => void> = [];
  let outputs: Tensor[];
  try {
    if (plan.softmax) restore.push(withoutSoftmax(plan.softmax.layer));
    for (const layer of new Set(plan.calls.map(call => call.layer)))
      restore.push(watch(layer, notes.get(layer)));
    outputs = [model.call(inputs, {training})].flat();
  } finally {
    restore.reverse().forEach(undo => undo());
  }
  const logits = outputs[plan.outputIndex] as Tensor2D;
  const activationAt = (name: string): Tensor => {
    const tap = plan.taps.get(name)!;
    if ('output' in tap) return logits;
    if ('input' in tap) return inputs[tap.input];
    const seen = notes.get(tap.call.layer)!;
    const wanted = 'to be used on the way to the scores only';
    const wayOut = 'wrap a model without the other outputs';
    check(seen.length === tap.of, 'LargeMarginModel', 'layers', wanted, name, wayOut);
    return seen[tap.index];
  };
  return {
    outputs,
    logits,
    activations: Object.fromEntries(plan.layers.map(({name}) => [name, activationAt(name)])),
  };
}

/** Lets a layer note what it returns, and compute in operations whose gradients can be had one by one. */
function watch(layer: Layer, notes?: Tensor[]): () => void {
  const hadOwn = Object.hasOwn(layer, 'call');
  const original = layer.call;
  const unfused = hadOwn ? undefined : unfusedCall(layer);
  if (!notes && !unfused) return () => {};
  layer.call = function (inputs, kwargs) {
    const result = unfused?.([inputs].flat()[0]) ?? original.call(this, inputs, kwargs);
    notes?.push([result].flat()[0]);
    return result;
  };
  return () => {
    if (hadOwn) layer.call = original;
    else delete (layer as Partial<Layer>).call;
  };
}

/** Stands in for a softmax activation; a layer sees it as the linear one. */
const passThrough = {apply: (x: Tensor) => x, getClassName: () => 'linear', getConfig: () => ({})};

function withoutSoftmax(layer: Layer): () => void {
  // A Softmax layer keeps the function in a field of that name, all others an activation.
  const fields = layer as unknown as Record<string, unknown>;
  const [field, replacement] =
    'softmax' in fields ? ['softmax', passThrough.apply] : ['activation', passThrough];
  const original = fields[field];
  fields[field] = replacement;
  return () => {
    fields[field] = original;
  };
}
