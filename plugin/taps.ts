import {cast, clone, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {activationsAt, matchCalls, watchLayers} from './layer_notes.js';
import type {MarginPlan} from './margin_plan.js';
import {withoutSoftmax} from './softmax_tap.js';
import type {LayerCall} from './topology.js';

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
  /** What each call on the way to the logits gave; disposed of or not, likewise. */
  results: Map<LayerCall, Tensor>;
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
  const inputs = xs.map((x, i) => {
    const {dtype} = model.inputs[i];
    if (x.dtype !== dtype) return cast(x, dtype);
    // One tensor for two inputs would get the gradients of both.
    return xs.indexOf(x) === xs.lastIndexOf(x) ? x : clone(x);
  });
  const restoreSoftmax = plan.softmax && withoutSoftmax(plan.softmax.layer);
  const {notes, restore} = watchLayers(plan.calls);
  let outputs: Tensor[];
  try {
    outputs = [model.call(inputs, {training})].flat();
  } finally {
    restore();
    restoreSoftmax?.();
  }
  const logits = outputs[plan.outputIndex] as Tensor2D;
  const indexOf = (call: LayerCall) => model.inputs.findIndex(({sourceLayer}) => sourceLayer === call.layer);
  const fed = plan.calls.filter(call => call.isInput).map(call => [call, inputs[indexOf(call)]] as const);
  const results = matchCalls(plan.calls, new Map(fed), notes);
  const activations = activationsAt('LargeMarginModel', model, plan, results, logits);
  return {outputs, logits, activations, results};
}
